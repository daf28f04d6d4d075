#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# One sharer's POSIX_FADV_DONTNEED leaves what the others read; the last one's drops it.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 5
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
share=inode_share,domain_id=fadvise

# left TYPE: pages left for a's reader after b's advice, and after a's own when it is alone.
left() {
	local others
	drop_caches
	mnt $share $a "$MNT/a" "$1" && mnt $share $b "$MNT/b" "$1" || return
	probe consume read "$MNT/a/big" >/dev/null
	probe consume read "$MNT/b/big" >/dev/null
	probe evict "$MNT/b/big"
	others=$(resident "$MNT/a/big")
	umnt "$MNT/b"
	probe evict "$MNT/a/big"
	echo "$others $(resident "$MNT/a/big")"
	umnt "$MNT/a"
}

if ! ours; then
	diag "$FS: pages left after the neighbour's advice, and after one's own: $(left "$FS")"
	skip_all peer "the neighbour's pages" "the last sharer's pages" "sectors" "a private file" "bytes"
	exit
fi
diag "erofs: pages left after the neighbour's advice, and after one's own: $(left erofs)"
read -r others own < <(left cofs)
is "the neighbour's pages stay" "$others" 4096
at_most "the last sharer's pages go" "$own" 0

mnt $share $a "$MNT/a"
mnt $share $b "$MNT/b"
probe consume read "$MNT/a/big" >/dev/null
probe evict "$MNT/b/big"
sectors=$(sectors_read $a)
want=$(md5sum <"$MNT/b/big")
is "the neighbour reads nothing again" $(($(sectors_read $a) - sectors)) 0
is "right bytes" "$(md5sum <"$MNT/a/big")" "$want"
umnt "$MNT/a"
umnt "$MNT/b"

mnt "" $a "$MNT/a"
probe consume read "$MNT/a/big" >/dev/null
probe evict "$MNT/a/big"
is "a private file's pages go" "$(cached "$MNT/a/big")" 0
umnt "$MNT/a"
