#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Eight threads read in windows that overlap, of clusters that are larger than these, while pages are dropped:
# every byte is right and no thread waits for another for ever.
# TIME seconds each.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/compressed.sh"

: "${TIME:=6}"
images=(lz4-1m lz4-64k lz4 zstd-128k)
plan $((2 * ${#images[@]} + 2))
skip_unread

golden_begin
overlap() {	# NAME DIR: from a seed of its own
	local output rc=0
	output=$(probe overlap "$2/big" 8 "$TIME" $((ktap_done + 1)) "$MNT/golden/big" 2>&1) || rc=$?
	diag "$1: $output"
	is "$1" $rc 0
}
for name in "${images[@]}"; do
	mnt "" "$IMAGES/l-$name.img" "$MNT/x"
	overlap "$name" "$MNT/x"
	umnt "$MNT/x"
done
# One content, whose pages each of them fills; on erofs the plain image would be another.
share=inode_share,domain_id=overlap
for name in "${images[@]}"; do mnt $share "$IMAGES/l-$name.img" "$MNT/$name"; done
for name in "${images[@]}"; do overlap "shared, $name" "$MNT/$name"; done
for name in "${images[@]}"; do umnt "$MNT/$name"; done

BACKED_BY_FILE=1 mnt "" "$IMAGES/l-lz4-1m.img" "$MNT/x"
overlap "an image in a file" "$MNT/x"
umnt "$MNT/x"
mnt "" "$IMAGES/z-lz4-48bit-1m.img" "$MNT/x"
mnt "" "$IMAGES/z-lz4-48bit-1m.img" "$MNT/y" erofs
is "shared clusters and fragments" "$(probe overlap "$MNT/x/words/1048577" 8 "$TIME" 99 "$MNT/y/words/1048577" >/dev/null 2>&1; echo $?)" 0
umnt "$MNT/x"
umnt "$MNT/y"
golden_end
