#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the test images and collects them in one ext4 file, whose path it prints. Beside it in
# the cache lie a.img and b.img, the sharing pair that the guest gets as drives.
. "$(dirname "$0")/../scripts/lib.sh"
need_root "$@"
in_root=$COFS_TOP/scripts/in-root

probe=$("$COFS_TOP/tests/probe.sh")
sources=("$COFS_TOP"/tests/images{.sh,-make.sh,-archive.py,.list} "$COFS_TOP"/rust/tools/probe/src/{tree,tree/*,source,pattern,program,heads}.rs "$COFS_TOP/rust/tools/reader/src/random.rs")
dir=$COFS_CACHE/images-$(key "$(cat "${sources[@]}")" "$("$in_root" mkfs.erofs -V)")
[ -e "$dir/.complete" ] && { echo "$dir/images.ext4"; exit; }
need_disk 2
with_lock images
[ -e "$dir/.complete" ] && { echo "$dir/images.ext4"; exit; }

work=$COFS_CACHE/images.work
rm -rf "$dir" "$work"
mkdir -p "$work/trees" "$work/out" "$dir"
cp "$probe" "$work/probe"
cp "$COFS_TOP/tests/images.list" "$work/list"

# Inside the root, where mkfs.erofs and the project's C library are.
step 30 "making the test images" "$COFS_CACHE/log/images.log" \
	"$in_root" --chdir /cache/images.work /cofs/tests/images-make.sh
mv "$work"/{a.img,b.img,images.ext4} "$dir/"
rm -rf "$work"
touch "$dir/.complete"
echo "$dir/images.ext4"
