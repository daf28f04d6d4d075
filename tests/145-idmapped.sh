#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Who reads through an idmapped mount, or in a user namespace, is judged by that mount's ids, and
# reads the same pages.
# unload
. "$(dirname "$0")/lib/guest.sh"

plan 9
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
share=inode_share,domain_id=idmapped
names=("owner" "the mapped user" "an unmapped user" "pages of a user namespace"
	"sectors read from the other's device" "pages in common"
	"a program" "read after its own mount" "and after the other's")
if [ "$FS" != cofs ]; then why="cofs only"
elif [ ! -e /proc/self/ns/user ]; then why="no user namespaces"
else why=
fi
if [ "$why" ]; then
	for name in "${names[@]}"; do skip "$name" "$why"; done
	exit
fi
cached() { local out; out=$(probe cached "$1" 2>&1); out=${out##*cached=}; echo "${out%% *}"; }
as() {	# UID COMMAND...
	local uid=$1
	shift
	setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@" 2>&1
}

mnt $share $a "$MNT/a" || exit 1
mnt $share $b "$MNT/b" || exit 1
mkdir -p "$MNT/mapped"
# Users 0 to 65535 of the image are 100000 and up on this mount.
mount --bind -o X-mount.idmap=b:0:100000:65536 "$MNT/a" "$MNT/mapped" || exit 1
is "${names[0]}" "$(stat -c %u "$MNT/mapped/elsewhere-1/moved")" 100001
chmod=$(stat -c %a "$MNT/mapped/elsewhere-1/moved")	# 641: the owner alone may read
diag "mode $chmod"
like "${names[1]}" "$(as 100001 cat "$MNT/mapped/elsewhere-1/moved" | wc -c)" 2097152
like "${names[2]}" "$(as 1 cat "$MNT/mapped/elsewhere-1/moved" | head -c 200)" "*Permission denied*"

drop_caches
sectors=$(sectors_read $b)
# A shell in a user namespace whose root is 100000.
unshare --user --map-users 0:100000:65536 --map-groups 0:100000:65536 --setuid 0 --setgid 0 \
	"$PROBE" consume mmap "$MNT/mapped/big" >/dev/null
is "${names[3]}" "$(cached "$MNT/b/big")" 4096
probe consume read "$MNT/b/big" >/dev/null
at_most "${names[4]}" $(($(sectors_read $b) - sectors)) 256
output=$(probe samepage "$MNT/mapped/big" "$MNT/b/big" 2>&1)
is "${names[5]}" "${output##*same=}" 4096

turn() {	# a byte in, eight out
	printf . | unshare --user --map-users 0:100000:65536 --map-groups 0:100000:65536 \
		--setuid 0 --setgid 0 "$1" | wc -c
}
is "${names[6]}" "$(turn "$MNT/mapped/program")" 8

sum=$(md5sum <"$MNT/b/big")
umnt "$MNT/a"
drop_caches
is "${names[7]}" "$(md5sum <"$MNT/mapped/big")" "$sum"
umnt "$MNT/b"
drop_caches
is "${names[8]}" "$(md5sum <"$MNT/mapped/big")" "$sum"
umnt "$MNT/mapped"
