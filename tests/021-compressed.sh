#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Every compressed image on this filesystem and on erofs: names, bytes by all ways to read them, extents. Some
# images are compared with the tree that they were made of, too; those that erofs refuses only so.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/differ.sh"

facets=(tree read readv pread mmap sendfile splice sizes strides advice threads direct seek fiemap)
export FACETS="${facets[*]}"
images=("$IMAGES"/z-*.img) sources=("$IMAGES"/[zy]-*.source)
plan $((${#images[@]} * ${#facets[@]} + ${#sources[@]}))
reads_compressed || skip_rest compressed "$FS reads no compressed files"

differ_each "${images[@]}"
for source in "${sources[@]}"; do
	name=${source##*/}
	name=${name%.source}
	check "$name shows its source" probe is-source "$FS" "$IMAGES/$name.img" "$source"
done
