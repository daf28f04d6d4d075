#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the images to measure with, plain and with fingerprints, and prints their directory:
#   many-a many-b            20,000 small files
#   big-a big-b              16M, 1M, and lib/: 24 MiB or more of the root's shared libraries
#   lz4-4k lz4-64k-a lz4-64k-b lz4-1m   lib/ alone, by LZ4HC, in clusters of up to that size
#   zstd deflate lzma        8 MiB or more of libraries, in clusters of up to 64 KiB
# a and b hold the same contents at other places, and a file of their own each. NAME.sqlz4, NAME.sqzstd,
# NAME.ext4 and NAME.cfs are those of other filesystems, with NAME.store.
. "$(dirname "$0")/lib.sh"
need_root "$@"
in_root=$COFS_TOP/scripts/in-root

root=$("$COFS_TOP/scripts/root.sh")
sources=("$0" "$COFS_TOP"/scripts/bench/peers.sh "$COFS_TOP"/rust/tools/probe/src/{tree,tree/bench,pattern}.rs)
dir=$COFS_CACHE/bench-images-$(key "$(cat "${sources[@]}")" "${root##*/}")
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
need_disk 1
probe=$("$COFS_TOP/tests/probe.sh")
with_lock bench-images
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }

work=$COFS_CACHE/bench-images.work
tools=$("$COFS_TOP/scripts/bench/tools.sh")
rm -rf "$dir" "$work"
mkdir -p "$work"
cp "$probe" "$work/probe"

# Inside the root, whose libraries and mkfs.erofs are used.
cat >"$work/make.sh" <<'MAKE'
set -eu
tools=$1
cd /cache/bench-images.work
. /cofs/scripts/bench/peers.sh
# Large ones first, none so large that it stands alone.
# libraries MIB LARGEST: that many MiB or more of what is no larger, the large ones first.
libraries() {
	find /usr/lib/x86_64-linux-gnu -maxdepth 1 -name '*.so*' -type f -size "-$2" -printf '%s %p\n' |
		sort -k1,1nr -k2 | awk -v mib="$1" 'sum < mib * 1024 * 1024 { sum += $1; print $2 }'
}
# None so large that it stands alone.
libraries 24 7M >big
libraries 8 3M >small

copy() {	# LIST TREE
	mkdir -p "$2/lib"
	xargs cp --preserve=mode,timestamps --target-directory="$2/lib" <"$1"
}

image() {	# NAME TREE OPTION...
	name=$1 tree=$2
	shift 2
	echo "$name"
	mkfs.erofs --quiet -T1700000000 --mkfs-time --xattr-inode-digest=trusted.erofs.fingerprint \
		-U "0c0f5000-0000-4000-8001-$(printf %s "$name" | sha256sum | cut -c1-12)" \
		"$@" "$name.img" "$tree"
}

for kind in many big; do
	for tree in $kind-a $kind-b; do
		./probe tree "$tree" "$tree"
		[ $kind != big ] || copy big "$tree"
		image "$tree" "$tree"
		squashfs "$tree.sqlz4.img" "$tree" lz4 65536
		squashfs "$tree.sqzstd.img" "$tree" zstd 65536
		ext4 "$tree.ext4.img" "$tree"
	done
	composefs $kind.store.img $kind-a.cfs.img $kind-a $kind-b.cfs.img $kind-b
	rm -rf $kind-a $kind-b
done

copy big lib
image lz4-4k lib -zlz4hc -C4096
squashfs lz4-4k.sqlz4.img lib lz4 4096
image lz4-1m lib -zlz4hc -C1048576
head -c 100000 "$(head -n 1 big)" >lib/0-own
image lz4-64k-a lib -zlz4hc -C65536
squashfs lz4-64k-a.sqlz4.img lib lz4 65536
head -c 300000 "$(tail -n 1 big)" >lib/0-own
image lz4-64k-b lib -zlz4hc -C65536
squashfs lz4-64k-b.sqlz4.img lib lz4 65536
copy small slow
for algorithm in zstd deflate lzma; do
	image $algorithm slow -z$algorithm -C65536
done
squashfs zstd.sqzstd.img slow zstd 65536
rm -rf lib slow
MAKE
step 120 "making the images to measure with" "$COFS_CACHE/log/bench-images.log" \
	"$in_root" sh /cache/bench-images.work/make.sh "${tools##*/}"
mkdir "$dir"
mv "$work"/*.img "$dir/"
rm -rf "$work"
touch "$dir/.complete"
echo "$dir"
