#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# O_DIRECT reads a shared file from the device, whole, and leaves the page cache alone.
. "$(dirname "$0")/lib/guest.sh"

plan 7
share=inode_share,domain_id=direct
digest() {	# FILE DD_ARGUMENT...
	local file=$1
	shift
	dd if="$file" bs=64k status=none "$@" 2>&1 | md5sum
}

mnt $share /dev/disk/cofs/b "$MNT/peer" erofs
diag "erofs: $(dd if="$MNT/peer/big" of=/dev/null bs=64k iflag=direct status=none 2>&1 || true)"
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
umnt "$MNT/a"
