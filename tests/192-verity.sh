#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What lies on dm-verity, or in a file with fs-verity, shares with nobody who believes claims.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/verify.sh"

plan 14
ours || skip_rest verity "cofs only"
scratch
verify_images
modprobe -q dm_verity
options() { grep " $1 " /proc/self/mountinfo; }

# device NAME IMAGE: dm-verity over it, as libcryptsetup would name it.
device() {
	local data hashes end
	end=$(probe verity "$SCRATCH/$2.img" "$SCRATCH/$2.hashes") || return
	data=$(losetup --find --show --read-only "$SCRATCH/$2.img")
	hashes=$(losetup --find --show --read-only "$SCRATCH/$2.hashes")
	loops+=("$data" "$hashes")
	dmsetup create "$1" --readonly --uuid "${3:-CRYPT-VERITY-0-$1}" \
		--table "0 $(blockdev --getsz "$data") verity 1 $data $hashes 4096 4096 $end"
	dmsetup mknodes "$1"
}
if device sealed true; then
	mnt inode_share,domain_id=sealed /dev/mapper/sealed "$MNT/sealed"
	like "a mount on dm-verity verifies" "$(options "$MNT/sealed")" "*,inode_share,share=verify*"
	mnt inode_share,domain_id=sealed "$SCRATCH/false.img" "$MNT/false"
	is "a liar's file, who believes" "$(digest "$MNT/false/small")" "${LIES[small]}"
	is "is not that of the sealed image" "$(digest "$MNT/sealed/small")" "${WANT[small]}"
	umnt "$MNT/false"
	mnt "$VERIFY,domain_id=sealed" "$SCRATCH/false.img" "$MNT/false"
	is "nor of a liar who does not" "$(digest "$MNT/false/small")" "${LIES[small]}"
	is "its own" "$(digest "$MNT/sealed/small")" "${WANT[small]}"
	umnt "$MNT/false"
	mnt "$VERIFY,domain_id=sealed" "$SCRATCH/same.img" "$MNT/same"
	is "what was verified is shared" "$(same "$MNT/sealed/small" "$MNT/same/small")" 7
	mkdir -p "$MNT/claim"
	umnt "$MNT/sealed"
	is "who wants to believe there is refused" \
		"$(errno_of probe mount cofs inode_share,domain_id=x,share=claim /dev/mapper/sealed "$MNT/claim")" EINVAL
	mnt noinode_share,share=claim /dev/mapper/sealed "$MNT/claim"
	is "who shares nothing may say so" "$(digest "$MNT/claim/small")" "${WANT[small]}"
	umnt "$MNT/claim"
	umnt "$MNT/same"
	dmsetup remove sealed
	device other true another-uuid
	mnt inode_share,domain_id=sealed /dev/mapper/other "$MNT/other"
	options=$(options "$MNT/other")
	is "a device without that UUID is any device" "${options/share=verify/}" "$options"
	umnt "$MNT/other"
	dmsetup remove other
	losetup -d "${loops[@]}"
else
	for i in {1..9}; do skip "dm-verity $i" "no dm-verity"; done
fi

export BACKED_BY_FILE=1
truncate -s 32M "$MNT/disk"
mke2fs -q -t ext4 -b 4096 -O ^has_journal,verity -m 0 "$MNT/disk"
mkdir "$MNT/on"
mount -o loop "$MNT/disk" "$MNT/on"
cp "$SCRATCH/true.img" "$SCRATCH/lz4.img" "$MNT/on/"
if probe fs-verity "$MNT/on/true.img"; then
	mnt inode_share,domain_id=sealed "$MNT/on/true.img" "$MNT/sealed"
	like "a mount of a file with fs-verity" "$(options "$MNT/sealed")" "*,inode_share,share=verify*"
	mnt inode_share,domain_id=sealed "$MNT/on/lz4.img" "$MNT/lz4"
	options=$(options "$MNT/lz4")
	is "and of one without" "${options/share=verify/}" "$options"
	is "which share nothing" "$(same "$MNT/sealed/small" "$MNT/lz4/small")" 0
	umnt "$MNT/lz4"
	mnt "$VERIFY,domain_id=sealed" "$MNT/on/lz4.img" "$MNT/lz4"
	is "but where both verify" "$(same "$MNT/sealed/small" "$MNT/lz4/small")" 7
	is "with right bytes" "$(digest "$MNT/lz4/small")" "${WANT[small]}"
	umnt "$MNT/lz4"
	umnt "$MNT/sealed"
else
	for i in {1..5}; do skip "fs-verity $i" "no fs-verity"; done
fi
umnt "$MNT/on"
rm "$MNT/disk"
umnt "$SCRATCH"
