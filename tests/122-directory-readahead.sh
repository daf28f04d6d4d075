#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A directory is read ahead: listing a big one takes few requests.
. "$(dirname "$0")/lib/guest.sh"

images=(p-crowd p-crowd-512)
plan $((3 * ${#images[@]}))
requests() {	# TYPE IMAGE KIB: of a cold listing with that window; how many names there were
	local device before after names
	device=$(losetup --find --show --read-only "$IMAGES/$2.img")
	echo "$3" >"/sys/class/block/${device##*/}/queue/read_ahead_kb"
	mnt "" "$device" "$MNT/a" "$1"
	ls -f "$MNT/a" >/dev/null	# the program itself, and the way there
	drop_caches 1
	read -r before _ <"/sys/class/block/${device##*/}/stat"
	names=$(ls -f "$MNT/a" | wc -l)
	read -r after _ <"/sys/class/block/${device##*/}/stat"
	umnt "$MNT/a"
	losetup -d "$device"
	echo "$((after - before)) $names"
}
for image in "${images[@]}"; do
	read -r count names < <(requests "$FS" "$image" 128)
	read -r apart _ < <(requests "$FS" "$image" 0)
	diag "$image: $FS: $count requests, $names names, $apart without a window;" \
		"erofs: $(requests erofs "$image" 128)"
	at_least "$image: names" "$names" 10000
	at_most "$image: requests" "$count" 16
	at_least "$image: without a window they are more" "$apart" 32
done
