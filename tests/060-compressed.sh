#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images with compressed files: such a file gives EOPNOTSUPP, everything else works. The map of
# clusters is right all the same: the reader decodes by it.
. "$(dirname "$0")/lib/guest.sh"

images=("$IMAGES"/z-*.img)
plan $((${#images[@]} * 4))

for image in "${images[@]}"; do
	name=${image##*/}
	name=${name%.img}
	echo "probe: marker-$name" >/dev/kmsg
	output=$(probe compressed "$FS" erofs "$image" 2>&1)
	rc=$?
	diag "$name: $output"
	if [ $rc = 0 ]; then ok "$name"; else not_ok "$name"; fi
	like "$name has compressed files" "$output" "*compressed=[1-9]*"
	# One line, however many files there are.
	lines=$(dmesg | sed -n "/marker-$name\$/,\$p" | grep -c "$FS.*compress")
	DECODED=1 check "the reader reads $name as erofs does" probe reader erofs "$image"
	if [ "$FS" = cofs ]; then is "$name is reported once" "$lines" 1; else skip "$name is reported once" "erofs reads them"; fi
done
