#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images that start somewhere on their source: at a multiple of the block size, also in mid-page.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/devices.sh"

# The image's name and block size, and the offset. erofs wants the superblock in one page, with
# what precedes it.
cases=(base:4096:1048576 small:512:2560 tails:512:1536 tails:2048:2048 chunks:512:2048)
plan $((2 * ${#cases[@]} * ${#facets[@]} + 31))

disk_begin 96M
mkdir tree
probe tree damage tree/base >/dev/null
head -c 100000 /dev/urandom >tree/random
for size in 1 511 513 1500 4095 4097; do head -c $size tree/random >tree/tail-$size; done
truncate -s 100000 tree/sparse
head -c 1048576 /dev/urandom >noise

# shifted NAME BYTES: a copy of an image behind as many bytes of noise.
shifted() { { head -c "$2" noise; cat "$1.img"; } >"$1-at-$2.img"; }

for case in "${cases[@]}"; do
	IFS=: read -r name block offset <<<"$case"
	image=$name-$block
	case $name in
	small) options="-b$block -E^inline_data" ;;
	chunks) options="-b$block --chunksize=$((block * 2)) -Eforce-chunk-indexes" ;;
	*) options="-b$block" ;;
	esac
	[ -e $image.img ] || mkfs $options $image.img tree
	shifted $image $offset
	export BOTH=fsoffset=$offset
	differ "$image at $offset" "" ./$image-at-$offset.img
	BACKED_BY_FILE=1 differ "$image at $offset, file" "" ./$image-at-$offset.img
	unset BOTH
done

# Where the superblock lies across pages: the bytes are those of the image itself.
manifest() { mnt "$1" "$2" "$MNT/x" "${3:-$FS}" && probe manifest "$MNT/x" && umnt "$MNT/x"; }
declare -A at=([small-512]=3584 [tails-512]=3072 [chunks-512]=3072)
for image in "${!at[@]}"; do
	offset=${at[$image]}
	shifted $image $offset
	want=$(manifest "" $PWD/$image.img)
	if [ "$FS" = cofs ]; then
		is "$image at $offset" "$(manifest fsoffset=$offset $PWD/$image-at-$offset.img)" "$want"
		diag "erofs: $(answer fsoffset=$offset $PWD/$image-at-$offset.img erofs)"
		is "$image at $offset, file" \
			"$(BACKED_BY_FILE=1 manifest fsoffset=$offset $PWD/$image-at-$offset.img)" "$want"
	else
		skip "$image at $offset" "the peer reads behind the page"
		skip "$image at $offset, file" "the peer reads behind the page"
	fi
done

# Refused, or without an image there.
alike "not a multiple of the block size" fsoffset=512 $PWD/tails-2048-at-2048.img
alike "of no block size" fsoffset=100 $PWD/small-512-at-2560.img
alike "none" "" $PWD/small-512-at-2560.img
alike "another" fsoffset=4096 $PWD/small-512-at-2560.img
alike "zero" fsoffset=0 $PWD/small-512.img
alike "behind the end" fsoffset=1073741824 $PWD/small-512.img
alike "at the end of numbers" fsoffset=18446744073709547520 $PWD/small-512.img
alike "behind them" fsoffset=18446744073709551616 $PWD/small-512.img
alike "in the middle of them" fsoffset=9223372036854775808 $PWD/small-512.img
alike "before it" fsoffset=9223372036854771712 $PWD/small-512.img
for offset in 1073741824 18446744073709547520 9223372036854775808 9223372036854771712; do
	BACKED_BY_FILE=1 alike "file: $offset" fsoffset=$offset $PWD/small-512.img
done

# With a sector larger than the offset.
large=$(loop -b 4096 base-4096-at-1048576.img)
alike "sectors of 4 KiB" fsoffset=1048576 "$large"
alike "an offset in a sector" fsoffset=512 "$large"

# Shown, kept by a remount, and by a second mount.
first=$(loop small-512-at-2560.img)
mnt fsoffset=2560 "$first" "$MNT/a"
like "it is shown" "$(grep " $MNT/a " /proc/mounts)" "*,fsoffset=2560*"
is "remount with the same" "$(errno_of probe remount fsoffset=2560,noacl "$MNT/a")" ok
if [ "$FS" = cofs ]; then
	like "remount with another" "$(probe remount fsoffset=1024 "$MNT/a")" "*EINVAL*"
	is "another mount of the device" "$(errno_of mnt fsoffset=1024 "$first" "$MNT/b")" EBUSY
	is "none" "$(errno_of mnt "" "$first" "$MNT/b")" EBUSY
else
	for text in "remount with another" "another mount of the device" none; do skip "$text" peer; done
fi
is "the same" "$(errno_of mnt fsoffset=2560 "$first" "$MNT/b")" ok
umnt "$MNT/b"
is "direct I/O" "$(dd if="$MNT/a/random" bs=4k iflag=direct status=none | md5sum)" "$(md5sum <tree/random)"
umnt "$MNT/a"

# An offset of the source is none of the extra devices.
mkfs -b1024 --chunksize=4096 --blobdev=blob.dev blob.img tree
shifted blob 3072
mnt "" $PWD/tails-512.img "$MNT/b"
export BACKED_BY_FILE=1
mnt fsoffset=3072,device=$PWD/blob.dev $PWD/blob-at-3072.img "$MNT/a"
is "with an extra device" "$(cd "$MNT/a" && md5sum random tail-*)" "$(cd "$MNT/b" && md5sum random tail-*)"
umnt "$MNT/a"
umnt "$MNT/b"
losetup -d "$large" "$first"
cd / || exit
check "the disk can go" disk_end
