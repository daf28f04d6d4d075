#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Every image of the plain format, and some others, on this filesystem and on erofs: all that user space can
# see is equal. Some images are compared with the tree that they were made of, too.
# quick
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/differ.sh"

images=("$IMAGES"/p-*.img) sources=("$IMAGES"/p-*.source)
if reads_compressed; then images+=("$IMAGES"/z-{lz4,lz4-base,zstd-48bit,lzma,dirs,metabox,metabox-xattr,prefix}.img); fi
if [ -n "$QUICK" ]; then
	images=("$IMAGES"/p-{default,chunk-1024}.img) sources=("$IMAGES/p-default.source")
fi
plan $((${#images[@]} * ${#facets[@]} + ${#sources[@]} + 2))

differ_each "${images[@]}"

for source in "${sources[@]}"; do
	name=${source##*/}
	name=${name%.source}
	check "$name shows its source" probe is-source "$FS" "$IMAGES/$name.img" "$source"
done

# One file with more names than 16 bits count.
mnt "" "$IMAGES/l-links.img" "$MNT/links"
names=("$MNT"/links/*/*)
is "66,000 links" "$(stat -c %h "$MNT/links/file" "${names[65999]}" | tr '\n' ' ')" "66001 66001 "
umnt "$MNT/links"

# The comparison would notice: without user attributes the trees are not equal.
output=$(probe diff "$FS" erofs nouser_xattr "$IMAGES/p-xattr-inline.img" 2>&1)
like "a difference is seen" "$output" "*fail tree*"
