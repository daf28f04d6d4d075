#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the other filesystems' images of two trees, and prints the cache entry:
# DIR/{sqlz4,sqzstd,ext4,cfs}-{a,b} and DIR/store.
#
#   pair-images.sh NAME DIR DIR      (entries of scripts/demo/image.sh)
. "$(dirname "$0")/../lib.sh"
need_root "$@"
[ $# = 3 ] || die "usage: pair-images.sh NAME DIR DIR"
a=${2##*/} b=${3##*/}

tools=$("$COFS_TOP/scripts/bench/tools.sh")
tools=${tools##*/}
name=bench-pair-$1-$(key "$a" "$b" "$(cat "$0" "${0%/*}/peers.sh")")
dir=$COFS_CACHE/$name
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
size=$(du -sm --apparent-size "$2/tree" "$3/tree" | awk '{ sum += $1 } END { print int(sum * 4 / 1024) + 2 }')
need_disk "$size"
with_lock "$name"
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
rm -rf "$dir"
mkdir -p "$dir"
step $((size * 10)) "making the images of $1 for other filesystems" "$COFS_CACHE/log/bench-pair-$1.log" \
	"$COFS_TOP/scripts/in-root" --chdir "/cache/$name" sh -euc '
	tools=$1 a=/cache/$2/tree b=/cache/$3/tree
	. /cofs/scripts/bench/peers.sh
	squashfs sqlz4-a "$a" lz4 65536
	squashfs sqlz4-b "$b" lz4 65536
	squashfs sqzstd-a "$a" zstd 65536
	squashfs sqzstd-b "$b" zstd 65536
	ext4 ext4-a "$a"
	ext4 ext4-b "$b"
	composefs store cfs-a "$a" cfs-b "$b"' sh "$tools" "$a" "$b"
touch "$dir/.complete"
echo "$dir"
