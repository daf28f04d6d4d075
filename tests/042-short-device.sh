#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images cut at each of their blocks, and devices of which one sector cannot be read: the
# answer of an intact image, or an error, and a line in the log for each kind of error at most.
. "$(dirname "$0")/lib/guest.sh"

declare -A steps=([512]=$((512 * SCALE)) [chunk]=$((4096 * SCALE)))
plan $((2 * ${#steps[@]} + 4))

# Lines of the file system's own since the marker.
said() { dmesg | sed -n "/$1/,\$p" | grep -c "\] $FS: "; }

for name in "${!steps[@]}"; do
	image=$IMAGES/h-$name.img
	echo "probe: marker-cuts-$name" >/dev/kmsg
	check "$name cut at each block" probe cuts "$FS" "$image" "${steps[$name]}"
	at_most "$name: lines in the log" "$(said "marker-cuts-$name")" \
		$((3 * $(stat -c %s "$image") / steps[$name]))
	[ "$FS" = erofs ] || diag "erofs: $(probe cuts erofs "$image" "${steps[$name]}" 2>&1 | tail -n 1)"
done

modprobe -q dm_mod
image=$IMAGES/h-512.img
device=$(losetup --find --show --read-only "$image")
size=$(blockdev --getsz "$device")
answers='' faults=''
echo "probe: marker-sectors" >/dev/kmsg
for ((bad = 0; bad < size; bad += SCALE * (1 + bad / 8))); do
	{
		[ $bad = 0 ] || echo "0 $bad linear $device 0"
		echo "$bad 1 error"
		[ $((bad + 1)) -ge "$size" ] ||
			echo "$((bad + 1)) $((size - bad - 1)) linear $device $((bad + 1))"
	} | dmsetup create --readonly sector 2>/dev/null || continue
	dmsetup mknodes sector	# there is no udev
	answer=$(probe failing "$FS" /dev/mapper/sector "$image" 2>&1) || faults+=" sector $bad: $answer"
	case $answer in
	EIO | [0-9]*) ;;
	*) faults+=" sector $bad: $answer" ;;
	esac
	answers+=" ${answer%%$'\n'*}"
	drop_caches 1
	dmsetup remove --retry sector
done
losetup --detach "$device"
lines=$(said marker-sectors)
at_most "lines in the log, by sector" "$lines" $((3 * $(wc -w <<<"$answers")))
diag "errors met, by sector:$answers"
if [ -z "$answers" ]; then
	skip "each is in the log" "no device mapper"
	skip "a sector that cannot be read" "no device mapper"
	skip "it is refused where the superblock is" "no device mapper"
else
	at_least "each is in the log" "$lines" "$(wc -w <<<"$answers")"
	is "a sector that cannot be read" "$faults" ""
	# Sectors 0 to 7 are the page of the superblock; of those, each that was tried.
	page=
	for ((bad = 0; bad < 8; bad += SCALE)); do page+=" EIO"; done
	like "it is refused where the superblock is" "$answers" "$page *"
fi
