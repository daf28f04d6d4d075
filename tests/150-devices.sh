#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images with extra devices: each by itself, or all on one; block devices, and files.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/devices.sh"

cases=(blob blob-512 chunks merged same flat flat-chunks)
plan $((2 * ${#cases[@]} * ${#facets[@]}))

disk_begin 64M
for i in 1 2 3 4; do
	mkdir -p tree/$i/d$i/only
	probe tree text tree/$i/text >/dev/null
	head -c $((i * 7777)) /dev/urandom >tree/$i/d$i/file
	echo $i >tree/$i/common
	mkfs -E^inline_data s$i.img tree/$i
	mkfs -E^inline_data,force-chunk-indexes --chunksize=4096 c$i.img tree/$i
done
truncate -s 100000 tree/4/d4/hole
mkfs --chunksize=4096 --blobdev=blob.dev blob.img tree/4
mkfs -b512 --chunksize=4096 --blobdev=blob-512.dev blob-512.img tree/4
mkfs merged.img s[1-4].img
mkfs chunks.img c[1-4].img
cat merged.img s[1-4].img >flat.img
cat chunks.img c[1-4].img >flat-chunks.img
declare -A devices=(
	[blob]=blob.dev [blob-512]=blob-512.dev
	[chunks]="c1.img c2.img c3.img c4.img" [merged]="s1.img s2.img s3.img s4.img"
	[same]="s4.img s4.img s4.img s4.img" [flat]='' [flat-chunks]=''
)
cp merged.img same.img

for BACKED_BY_FILE in '' 1; do
	[ -z "$BACKED_BY_FILE" ] || export BACKED_BY_FILE
	for case in "${cases[@]}"; do
		differ "$case${BACKED_BY_FILE:+ in files}" "" $case.img ${devices[$case]}
	done
	unset BACKED_BY_FILE
done
disk_end
