#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Every image of the plain format on this filesystem and on erofs: all that user space can see
# is equal.
# quick
. "$(dirname "$0")/lib/guest.sh"

images=("$IMAGES"/p-*.img)
[ -z "$QUICK" ] || images=("$IMAGES"/p-{default,chunk-1024}.img)
facets=(tree lookup seekdir read pread mmap sendfile splice errno permission seek fiemap fibmap label)
plan $((${#images[@]} * ${#facets[@]} + 1))

for image in "${images[@]}"; do
	name=${image##*/}
	name=${name%.img}
	answered=0
	while read -r verdict text; do
		case $verdict in
		pass) ok "$name $text" ;;
		fail) not_ok "$name $text" ;;
		skip) skip "$name ${text%% *}" "not implemented: ${text#* }" ;;
		'#') diag "$name: $text"; continue ;;
		*) diag "$name: $verdict $text"; continue ;;
		esac
		answered=$((answered + 1))
	done < <(probe diff "$FS" erofs "" "$image" 2>&1)
	# The probe gave up: what it did not get to has failed.
	while [ $answered -lt ${#facets[@]} ]; do
		not_ok "$name ${facets[answered]}" "not reached"
		answered=$((answered + 1))
	done
done

# The comparison would notice: without user attributes the trees are not equal.
output=$(probe diff "$FS" erofs nouser_xattr "$IMAGES/p-xattr-inline.img" 2>&1)
like "a difference is seen" "$output" "*fail tree*"
