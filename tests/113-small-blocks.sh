#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Blocks smaller than a page: every byte of a shared file, whichever image fills its pages.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

sizes=(512 1024 2048 4096)
plan $((3 * ${#sizes[@]} + 1))
share=inode_share,domain_id=small
# What it answers cannot be printed: a WARN would stand in the log.
ours || skip_rest "small blocks" "the peer's tails are wrong, with a warning"

# Tails of every kind: around a sector, a block, a page and several.
scratch
tree=$SCRATCH/tree
mkdir -p "$tree"
for len in 1 300 511 512 513 1023 1025 2047 2348 3000 4095 4096 4097 5000 8191 9000 70001; do
	head -c "$len" /usr/bin/bash >"$tree/$len"
done
want=$(cd "$tree" && md5sum -- *)
for size in "${sizes[@]}"; do
	erofs_image "$SCRATCH/$size.img" "$tree" -b"$size"
done
behind=$(probe behind "$tree")
diag "behind the ends of files: $behind"
rm -r "$tree"
for size in "${sizes[@]}"; do
	mnt "" "$SCRATCH/$size.img" "$MNT/$size" erofs
	diag "erofs, not shared, blocks of $size: $(probe behind "$MNT/$size")"
	umnt "$MNT/$size"
done

sums() { (cd "$1" && md5sum -- *); }
for size in "${sizes[@]}"; do
	echo 1 >/sys/fs/cofs/drop_content
	mnt $share "$SCRATCH/$size.img" "$MNT/$size"
	is "filled from blocks of $size" "$(sums "$MNT/$size")" "$want"
	echo 1 >/sys/fs/cofs/drop_content
	drop_caches
	is "zeros behind the end, from blocks of $size" "$(probe behind "$MNT/$size")" "$behind"
	umnt "$MNT/$size"
done
# What the last one has filled is seen through all, and filled again from each.
for size in "${sizes[@]}"; do mnt $share "$SCRATCH/$size.img" "$MNT/$size"; done
for size in "${sizes[@]}"; do
	drop_caches 1
	for other in "${sizes[@]}"; do sums "$MNT/$other" >/dev/null; done
	is "filled through $size, seen by mmap through 512" \
		"$(probe samepage "$MNT/$size/70001" "$MNT/512/70001")" "pages=18 same=18"
	umnt "$MNT/$size" && mnt $share "$SCRATCH/$size.img" "$MNT/$size"
done
is "seen through all" "$(for size in "${sizes[@]}"; do sums "$MNT/$size"; done | sort -u)" "$(sort -u <<<"$want")"
for size in "${sizes[@]}"; do umnt "$MNT/$size"; done
umnt "$SCRATCH"
