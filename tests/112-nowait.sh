#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Readers that will not wait, and readers that leave nothing behind.
. "$(dirname "$0")/lib/guest.sh"

plan 11
share=inode_share,domain_id=nowait
if [ "$FS" = cofs ]; then
	mnt $share /dev/disk/cofs/a "$MNT/a" erofs
	diag "erofs: nowait $(probe preadv2 nowait "$MNT/a/big"), dontcache $(probe preadv2 dontcache "$MNT/a/big")"
	drop_caches
	diag "erofs: direct $(probe preadv2 direct-nowait "$MNT/a/big")," \
		"with a tail $(probe preadv2 direct-nowait "$MNT/a/tailed")"
	umnt "$MNT/a"
fi
mnt $share /dev/disk/cofs/a "$MNT/a"
drop_caches
is "nothing is cached" "$(probe preadv2 nowait "$MNT/a/big")" EAGAIN
like "and nothing was begun" "$(probe cached "$MNT/a/big")" "* cached=0 *"
is "direct, the inode says where" "$(probe preadv2 direct-nowait "$MNT/a/big")" bytes=16777216
is "direct, with a tail in metadata" "$(probe preadv2 direct-nowait "$MNT/a/tailed")" EAGAIN
like "and nothing is cached" "$(probe cached "$MNT/a/big")" "* cached=0 *"
probe consume read "$MNT/a/big" >/dev/null
is "all is cached" "$(probe preadv2 nowait "$MNT/a/big")" bytes=16777216
drop_caches 1
is "read and dropped" "$(probe preadv2 dontcache "$MNT/a/big")" bytes=16777216
cached=$(probe cached "$MNT/a/big")
cached=${cached#*cached=}
# A folio that another CPU was still listing stays.
at_most "pages left, of 4096" "${cached%% *}" 1024
check "read again" probe consume read "$MNT/a/big"
umnt "$MNT/a"

# Files that are compressed, of which a window takes in whole clusters.
mnt "" "$IMAGES/z-lz4-64k.img" "$MNT/z"
file=$(find "$MNT/z" -type f -size +1M -printf '%s %p\n' | sort -rn | head -n 1)
drop_caches 1
is "compressed: read and dropped" "$(probe preadv2 dontcache "${file#* }")" "bytes=${file%% *}"
cached=$(probe cached "${file#* }")
cached=${cached#*cached=}
diag "compressed: ${cached%% *} of $((${file%% *} / 4096)) pages left"
at_most "compressed: pages left" "${cached%% *}" $((${file%% *} / 16384))
umnt "$MNT/z"
