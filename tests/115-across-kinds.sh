#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# One copy of a file whatever the images that hold it look like: blocks, tails, chunks, clusters, devices,
# an image that is a file.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

share=inode_share,domain_id=kinds
scratch_disk
# NAME OPTIONS of mkfs.erofs
kinds=(
	"plain"
	"no-tails -E^inline_data"
	"extended -Eforce-inode-extended"
	"blocks-512 -b512"
	"blocks-1024 -b1024"
	"blocks-2048 -b2048"
	"chunks --chunksize=4096"
	"chunk-indexes --chunksize=65536 -Eforce-chunk-indexes"
	"chunks-512 -b512 --chunksize=1024"
	"lz4 -zlz4"
	"lz4-64k -zlz4 -C65536 -Eztailpacking"
	"lz4-1024 -zlz4 -C16384 -b1024 -Ededupe"
	"zstd-1m -zzstd -C1048576 -E48bit"
	"deflate -zdeflate -C65536"
	"lzma -zlzma -C131072 -Efragments"
	"fragments -zlz4 -C65536 -Eall-fragments"
	"metabox -zlz4 -C8192 -m4096"
	"device --chunksize=4096 --blobdev=$SCRATCH/device.blob"
	"file"
)
plan $((3 * ${#kinds[@]}))
tree=$SCRATCH/tree
mkdir -p "$tree"
head -c 1000000 /usr/bin/bash >"$tree/library"
# Whole chunks of zeros, which some images do not store.
{ head -c 131072 /usr/bin/bash; head -c 262144 /dev/zero; head -c 70000 /usr/bin/bash; } >"$tree/holes"
head -c 700 /usr/bin/bash >"$tree/little"
sums() { (cd "$1" && md5sum -- *); }
want=$(sums "$tree")
for kind in "${kinds[@]}"; do
	read -r name options <<<"$kind"
	# shellcheck disable=SC2086 # a list of options
	erofs_image "$SCRATCH/$name.img" "$tree" $options
done
rm -r "$tree"

# mount_kind NAME [TYPE]
mount_kind() {
	case $1 in
	device) mnt "$share,device=$device" "$SCRATCH/device.img" "$MNT/device" "${2:-}" ;;
	file) BACKED_BY_FILE=1 mnt $share "$SCRATCH/file.img" "$MNT/file" "${2:-}" ;;
	*) mnt $share "$SCRATCH/$1.img" "$MNT/$1" "${2:-}" ;;
	esac
}
device=$(losetup --find --show --read-only "$SCRATCH/device.blob")

# What the peer shares with a plain image on a device.
for name in chunks file; do
	mount_kind plain erofs && mount_kind $name erofs
	probe consume read "$MNT/plain/library" >/dev/null
	diag "erofs: plain and $name: $(same "$MNT/plain/library" "$MNT/$name/library") of 245 pages in common"
	umnt "$MNT/plain"
	umnt "$MNT/$name"
done
if ! ours; then
	for kind in "${kinds[@]}"; do skip_all peer "${kind%% *}: shared" "filled" "seen"; done
	losetup --detach "$device"
	umnt "$SCRATCH"
	exit
fi

mount_kind plain
for kind in "${kinds[@]}"; do
	name=${kind%% *}
	if [ "$name" != plain ] && ! output=$(mount_kind "$name" 2>&1); then
		for text in "every byte" "one copy" "seen"; do not_ok "$name: $text" "$output"; done
		continue
	fi
	# This image fills, the plain one sees it.
	drop_caches 1
	is "$name: every byte" "$(sums "$MNT/$name")" "$want"
	is "$name: one copy" "$(same "$MNT/plain/library" "$MNT/$name/library") $(same "$MNT/plain/holes" "$MNT/$name/holes") $(same "$MNT/plain/little" "$MNT/$name/little")" "245 114 1"
	is "$name: seen through the plain image" "$(sums "$MNT/plain")" "$want"
	[ "$name" = plain ] || umnt "$MNT/$name"
done
umnt "$MNT/plain"
losetup --detach "$device"
umnt "$SCRATCH"
