#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The device below one image fails; another image has the same file.
. "$(dirname "$0")/lib/guest.sh"

plan 9
modprobe -q dm_mod
size=$(blockdev --getsz /dev/disk/cofs/b)
table() { dmsetup suspend --noflush --nolockfs shaky && dmsetup load shaky --table "$1" && dmsetup resume shaky; }
fails() { table "0 $size error"; }
works() { table "0 $size linear /dev/disk/cofs/b 0"; }
if ! dmsetup create shaky --readonly --table "0 $size linear /dev/disk/cofs/b 0" 2>/dev/null; then
	for i in 1 2 3 4 5 6 7 8 9; do skip "failover $i" "no device mapper"; done
	exit
fi
dmsetup mknodes shaky	# there is no udev

# begin TYPE: both mounted, all names and some pages read; nothing of big.
begin() {
	works
	mnt inode_share,domain_id=failover /dev/disk/cofs/a "$MNT/a" "$1"
	mnt inode_share,domain_id=failover /dev/mapper/shaky "$MNT/b" "$1"
	drop_caches 1
	# What names and attributes need is read before the device fails.
	ls -lR "$MNT/b" >/dev/null
	head -c 1 "$MNT/a/small/000" "$MNT/b/small/000" "$MNT/b/big" "$MNT/b/tailed" >/dev/null
	probe evict "$MNT/a/big" >/dev/null
}
end() { umnt "$MNT/a"; umnt "$MNT/b"; }

if [ "$FS" = cofs ]; then
	begin erofs
	fails
	diag "erofs: reading both: $(md5sum "$MNT/a/big" 2>&1 >/dev/null) $(md5sum "$MNT/b/big" 2>&1 >/dev/null)"
	works
	end
fi

begin "$FS"
before=0
[ "$FS" != cofs ] || before=$(counter failovers)
fails
want=$(probe consume read "$MNT/a/tailed")
is "a tail, which lies in the metadata" "$(probe consume read "$MNT/b/tailed")" "$want"
check "read by the failing image's reader" probe consume read "$MNT/b/big"
is "right bytes" "$(md5sum <"$MNT/b/big")" "$(md5sum <"$MNT/a/big")"
check "mapped" probe consume mmap "$MNT/b/big"
if [ "$FS" = cofs ]; then
	diag "folios that the other image filled: $(($(counter failovers) - before))"
	at_least "counted" $(($(counter failovers) - before)) 1
else
	skip "counted" peer
fi
like "what only it has" "$(probe consume read "$MNT/b/differs" 2>&1)" "*EIO*"
umnt "$MNT/a"
drop_caches 1
like "nobody is left to ask" "$(probe consume read "$MNT/b/big" 2>&1)" "*EIO*"
works
check "the device comes back" probe consume read "$MNT/b/big"
umnt "$MNT/b"
check "and goes" dmsetup remove shaky
