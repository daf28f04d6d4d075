#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the images to measure with, plain and with fingerprints, and prints their directory:
#   many-a.img many-b.img  20,000 small files
#   big-a.img big-b.img    16M, 1M, and lib/: 24 MiB or more of the root's shared libraries
# a and b hold the same contents at other places, and a file of their own each.
. "$(dirname "$0")/lib.sh"
need_root "$@"
in_root=$COFS_TOP/scripts/in-root

root=$("$COFS_TOP/scripts/root.sh")
probe=$("$COFS_TOP/tests/probe.sh")
sources=("$0" "$COFS_TOP"/rust/tools/probe/src/{tree,tree/bench,pattern}.rs)
dir=$COFS_CACHE/bench-images-$(key "$(cat "${sources[@]}")" "${root##*/}")
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
need_disk 1
with_lock bench-images
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }

work=$COFS_CACHE/bench-images.work
rm -rf "$dir" "$work"
mkdir -p "$work"
cp "$probe" "$work/probe"

# Inside the root, whose libraries and mkfs.erofs are used.
cat >"$work/make.sh" <<'MAKE'
set -eu
cd /cache/bench-images.work
# Large ones first, none so large that it stands alone.
find /usr/lib/x86_64-linux-gnu -maxdepth 1 -name '*.so*' -type f -size -7M -printf '%s %p\n' |
	sort -k1,1nr -k2 | awk 'sum < 24 * 1024 * 1024 { sum += $1; print $2 }' >libraries
for tree in many-a many-b big-a big-b; do
	echo "$tree"
	./probe tree "$tree" "$tree"
	case $tree in
	big-*)
		mkdir "$tree/lib"
		xargs cp --preserve=mode,timestamps --target-directory="$tree/lib" <libraries
		;;
	esac
	mkfs.erofs --quiet -T1700000000 --mkfs-time --xattr-inode-digest=trusted.erofs.fingerprint \
		-U "0c0f5000-0000-4000-8001-$(printf %s "$tree" | sha256sum | cut -c1-12)" \
		"$tree.img" "$tree"
	rm -rf "$tree"
done
MAKE
step 20 "making the images to measure with" "$COFS_CACHE/log/bench-images.log" \
	"$in_root" sh /cache/bench-images.work/make.sh
mkdir "$dir"
mv "$work"/*.img "$dir/"
rm -rf "$work"
touch "$dir/.complete"
echo "$dir"
