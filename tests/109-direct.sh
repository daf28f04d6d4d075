#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# O_DIRECT reads a shared file from the device, whole, and leaves the page cache alone.
. "$(dirname "$0")/lib/guest.sh"

plan 13
share=inode_share,domain_id=direct
digest() {	# FILE DD_ARGUMENT...
	local file=$1
	shift
	dd if="$file" bs=64k status=none "$@" 2>&1 | md5sum
}

mnt $share /dev/disk/cofs/b "$MNT/peer" erofs
diag "erofs: $(probe direct "$MNT/peer/big"), $(dd if="$MNT/peer/big" of=/dev/null bs=64k iflag=direct status=none 2>&1 || true)"
umnt "$MNT/peer"
mnt "" /dev/disk/cofs/b "$MNT/peer" erofs
unshared=$(probe direct "$MNT/peer/big")
diag "erofs, not shared: $unshared"
umnt "$MNT/peer"

mnt $share /dev/disk/cofs/a "$MNT/a"
digest "$MNT/a/empty" iflag=direct >/dev/null	# dd and md5sum themselves come into the cache
drop_caches 1
before=$(meminfo Cached)
direct=$(digest "$MNT/a/big" iflag=direct)
grown=$(($(meminfo Cached) - before))
is "bytes" "$direct" "$(digest "$MNT/a/big")"
# 16 MiB went by; what grew is the programs that did it.
at_most "page cache grown (KiB)" "$grown" 8192
is "again, with the pages cached" "$(digest "$MNT/a/big" iflag=direct)" "$direct"
is "a tail in the metadata" "$(digest "$MNT/a/tailed" iflag=direct)" "$(digest "$MNT/a/tailed")"
is "a small file" "$(digest "$MNT/a/small/000" iflag=direct)" "$(digest "$MNT/a/small/000")"
like "an unaligned offset" \
	"$(dd if="$MNT/a/big" of=/dev/null bs=100 count=1 iflag=direct status=none 2>&1)" "*Invalid argument*"
is "after it, buffered" "$(digest "$MNT/a/big")" "$direct"

# open, fcntl and statx say the same, and what they say is true.
is "on a device" "$(probe direct "$MNT/a/big")" "$unshared"
like "by all three" "$unshared" "open=ok fcntl=ok statx=*:512 by open whole odd EINVAL by fcntl whole odd EINVAL"
umnt "$MNT/a"
# Of an image in a file statx names no alignment, and O_DIRECT is taken for a hint: any read works.
export BACKED_BY_FILE=1
through="open=ok fcntl=ok statx=0:0 by open whole odd whole by fcntl whole odd whole"
mnt "" "$IMAGES/b.img" "$MNT/peer" erofs
diag "erofs, in a file: $(probe direct "$MNT/peer/big")"
umnt "$MNT/peer"
mnt $share "$IMAGES/b.img" "$MNT/f"
is "an image in a file" "$(probe direct "$MNT/f/big")" "$through"
mnt $share,directio "$IMAGES/b.img" "$MNT/g"
is "an image in a file, read directly" "$(probe direct "$MNT/g/big")" "$through"
umnt "$MNT/f"
umnt "$MNT/g"

# So it is of a compressed file, whatever that lies on; erofs refuses to open it.
for place in "" 1; do
	export BACKED_BY_FILE=$place
	[ -n "$place" ] || unset BACKED_BY_FILE
	mnt "" "$IMAGES/z-lz4-64k.img" "$MNT/peer" erofs
	diag "erofs, compressed: $(probe direct "$MNT/peer/words/262143")"
	umnt "$MNT/peer"
	mnt "" "$IMAGES/z-lz4-64k.img" "$MNT/z"
	is "a compressed file, ${place:+image in a file}" "$(probe direct "$MNT/z/words/262143")" "$through"
	umnt "$MNT/z"
done
