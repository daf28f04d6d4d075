#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images with extra devices: each by itself, or all on one; block devices, and files. What they
# show is what erofs shows, and so are the refusals.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/devices.sh"

cases=(blob blob-512 chunks merged same many flat flat-chunks)
plan $((2 * ${#cases[@]} * ${#facets[@]} + 37))

disk_begin 64M
for i in 1 2 3 4; do
	mkdir -p tree/$i/d$i/only
	probe tree damage tree/$i/tree >/dev/null
	head -c $((i * 7777)) /dev/urandom >tree/$i/d$i/file
	echo $i >tree/$i/common
	mkfs -Enosbcrc,^inline_data s$i.img tree/$i
	mkfs -Enosbcrc,^inline_data,force-chunk-indexes --chunksize=4096 c$i.img tree/$i
done
truncate -s 100000 tree/4/d4/hole
mkfs -Enosbcrc --chunksize=4096 --blobdev=blob.dev blob.img tree/4
mkfs -b512 --chunksize=4096 --blobdev=blob-512.dev blob-512.img tree/4
mkfs -Enosbcrc merged.img s[1-4].img
mkfs -Enosbcrc chunks.img c[1-4].img
cp merged.img same.img
hundred=
for ((i = 0; i < 26; i++)); do hundred+=" ./s1.img ./s2.img ./s3.img ./s4.img"; done
mkfs many.img $hundred
cat merged.img s[1-4].img >flat.img
cat chunks.img c[1-4].img >flat-chunks.img
declare -A devices=(
	[blob]=./blob.dev [blob-512]=./blob-512.dev
	[chunks]="./c1.img ./c2.img ./c3.img ./c4.img" [merged]="./s1.img ./s2.img ./s3.img ./s4.img"
	[same]="./s4.img ./s4.img ./s4.img ./s4.img" [many]=$hundred [flat]='' [flat-chunks]=''
)
for case in "${cases[@]}"; do
	differ "$case" "" ./$case.img ${devices[$case]}
done
export BACKED_BY_FILE=1
for case in "${cases[@]}"; do
	differ "$case, files" "" ./$case.img ${devices[$case]}
done
unset BACKED_BY_FILE

# What a mount is told, and what it finds.
primary=$(loop blob.img)
extra=$(loop blob.dev)
head -c $(($(stat -c %s blob.dev) / 8192 * 4096)) blob.dev >short.dev
short=$(loop short.dev)
mkfifo fifo
alike "one device" "device=$extra" "$primary"
alike "none" "" "$primary"
alike "one too many" "device=$extra,device=$extra" "$primary"
alike "for an image without any" "device=$extra" $PWD/s1.img
alike "one that is short" "device=$short" "$primary"
alike "no such path" device=/dev/none "$primary"
alike "an empty path" device= "$primary"
alike "a directory" device=/dev "$primary"
alike "a character device" device=/dev/null "$primary"
alike "a fifo" "device=$PWD/fifo" "$primary"
alike "a file for a device" "device=$PWD/blob.dev" "$primary"
alike "the source itself" "device=$primary" "$primary"
cp blob-512.dev large.dev
truncate -s %4096 large.dev
large=$(loop -b 4096 large.dev)
alike "sectors larger than blocks" "device=$large" $PWD/blob-512.img

# A table that is wrong in one byte: number of devices, place of the table, size and place of one.
for at in 1110 1112 $((9 * 128 + 64)) $((9 * 128 + 68)); do
	probe corrupt blob.img damaged.img $at
	alike "byte $at is wrong" "device=$extra" $PWD/damaged.img
done

mnt "device=$extra" "$primary" "$MNT/a"
want=$(find "$MNT/a" -type f -size +4k -exec md5sum {} +)
got=$(while read -r _ file; do
	echo "$(dd if="$file" bs=64k iflag=direct status=none | md5sum | cut -d' ' -f1)  $file"
done <<<"$want")
is "direct I/O" "$got" "$want"
umnt "$MNT/a"

# In files.
export BACKED_BY_FILE=1
alike "files: none" "" blob.img
alike "files: one that is short" "device=$PWD/short.dev" blob.img
alike "files: a directory" device=/dev blob.img
alike "files: a character device" device=/dev/null blob.img
alike "files: a block device" "device=$extra" blob.img
alike "files: no such path" device=/none blob.img
cp blob.dev /var/tmp/stacked.dev	# the guest's root is an overlay
if [ "$FS" = cofs ]; then
	is "files: a fifo" "$(answer "device=$PWD/fifo" blob.img)" EINVAL
	is "files: one on a stacked file system" "$(answer device=/var/tmp/stacked.dev blob.img)" ENOTBLK
	diag "erofs: $(answer device=/var/tmp/stacked.dev blob.img erofs)"
else
	skip "files: a fifo" "the peer waits for a writer"
	skip "files: one on a stacked file system" peer
fi
rm /var/tmp/stacked.dev
unset BACKED_BY_FILE

# A remount changes nothing here, nor does another mount of the same device.
mnt "device=$extra" "$primary" "$MNT/a"
again() { errno_of mnt "$1" "$primary" "$MNT/b"; }
if [ "$FS" = cofs ]; then
	is "remount with the same device" "$(errno_of probe remount "device=$extra" "$MNT/a")" ok
	like "with another" "$(probe remount device=/dev/null "$MNT/a")" "*EINVAL*"
	is "the same mount again" "$(again "device=$extra")" ok
	umnt "$MNT/b"
	is "with other devices" "$(again "device=$extra,device=$extra")" EBUSY
	is "without any" "$(again "")" EBUSY
else
	for i in 1 2 3 4 5; do skip "mounted is mounted $i" peer; done
fi
is "bytes are as they were" "$(find "$MNT/a" -type f -size +4k -exec md5sum {} +)" "$want"
umnt "$MNT/a"

# Mutants: the reader has the devices, too.
if [ "$FS" = cofs ]; then
	mutants() { probe mutants cofs erofs "$1" 0 $((8 / SCALE)) ${devices[${1%.img}]}; }
	for image in merged chunks flat; do check "mutants of $image" mutants $image.img; done
else
	for image in merged chunks flat; do skip "mutants of $image" peer; done
fi
losetup -d "$primary" "$extra" "$short" "$large"
cd / || exit
check "the devices are free" disk_end
check "the module can go" bash -c '[ "$(cat /sys/module/'"$FS"'/refcnt)" = 0 ]'
