#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# /sys/fs/cofs: what stands there is described, and true; it goes with its mount.
# quick
. "$(dirname "$0")/lib/guest.sh"

plan 15
[ "$FS" = cofs ] || skip_rest sysfs "cofs only"
top=/sys/fs/cofs
a=$(readlink -f /dev/disk/cofs/a)
disk=${a##*/}

mnt inode_share,domain_id=sysfs "$a" "$MNT/a"
# What there is, against what Documentation/ABI says there is.
there() { (cd $top && find . -type f | sed "s|^\./|$top/|; s|/$disk/|/<disk>/|" | sort); }
described() { sed -n 's/^What:[[:space:]]*//p' "$TESTS/../ABI/sysfs-fs-cofs" | sort; }
is "every file is described" "$(comm -23 <(there) <(described))" ""
is "every description has its file" "$(comm -13 <(there) <(described))" ""

features() { (cd "/sys/fs/$1/features" && grep -L '^supported$' -- *; printf '%s ' *); }
modprobe -q erofs
diag "erofs: $(features erofs)"
is "features" "$(features cofs)" \
	"48bit big_pcluster chunked_file compr_cfgs compr_head2 dedupe device_table fragments inode_share metabox sb_chksum xattr_prefixes ztailpacking "
is "none is said to be supported otherwise" "$(grep -Lrx supported $top/features)" ""

of() { counter "$disk/$1"; }
is "nothing is bound yet" "$(of shared_inodes)" 0
probe consume read "$MNT/a/big" >/dev/null
is "one file read, one inode bound" "$(of shared_inodes)" 1
is "no error" "$(of errors) $(of failovers) $(of reads)" "0 0 0"
refused() { ! (echo 1 >"$1") 2>/dev/null; }
check "counters are not for writing" refused $top/$disk/errors

# A second mount of the device is the same super block.
mnt inode_share,domain_id=sysfs "$a" "$MNT/again"
umnt "$MNT/again"
is "still there after one of two mounts" "$(of shared_inodes)" 1

exec 3<$top/$disk/errors 4<$top/$disk
check "umount while a file is open" umnt "$MNT/a"
read -r -t 5 line <&3 2>/dev/null
is "which then has nothing to say" "${line:-nothing}" nothing
is "the directory is gone" "$(ls $top/$disk 2>/dev/null)" ""
exec 3<&- 4<&-

export BACKED_BY_FILE=1
image=$IMAGES/p-default.img
mnt "" "$image" "$MNT/f"
number=$(stat -c %Hd:%Ld "$MNT/f")
is "an image in a file is named by number" "$(ls -d "$top/$number")" "$top/$number"
mnt "" "$image" "$MNT/g"
check "the same file again" test -d "$top/$(stat -c %Hd:%Ld "$MNT/g")"
umnt "$MNT/f"
umnt "$MNT/g"
is "all are gone" "$(find $top -mindepth 1 -type d ! -name features)" ""
