#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The inodes that an image has for itself: the packed inode with fragments and long xattr prefixes, the
# metabox with metadata. Used as they should be; and where they are none, errors, and soon. Compressed
# symbolic links, too.
# unload
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/differ.sh"

export DECODED=1
images=(fragments prefix tails metabox metabox-plain)
if ! reads_compressed; then images=(metabox-plain); fi
declare -A cases
count=0
for name in "${images[@]}"; do
	cases[$name]=$(probe special-cases "$IMAGES/zs-$name.img") || cases[$name]=1
	count=$((count + cases[$name]))
done
plan $((count + 3 * ${#images[@]} * ${#facets[@]} + ${#images[@]} + 1))

for name in "${images[@]}"; do
	image=$IMAGES/zs-$name.img
	differ "$name" "" "$image"
	BACKED_BY_FILE=1 differ "$name, file" "" "$image"
	# The special inodes lie behind the offset, their pages do not.
	{ head -c 8192 "$image"; cat "$image"; } >"$MNT/shifted.img"
	BOTH=fsoffset=8192 differ "$name, offset" "" "$MNT/shifted.img"
	rm "$MNT/shifted.img"
done

# What is made of them.
for name in "${images[@]}"; do
	answered=0
	while read -r verdict text; do
		case $verdict in
		pass) ok "$name: $text" ;;
		fail) not_ok "$name: $text" ;;
		*) diag "$name: $verdict $text"; continue ;;
		esac
		answered=$((answered + 1))
	done < <(probe special "$FS" erofs "$IMAGES/zs-$name.img" 2>&1)
	while [ $answered -lt "${cases[$name]}" ]; do
		not_ok "$name: case $answered" "not reached"
		answered=$((answered + 1))
	done
done

# They go with their mount: when that fails behind them, and not before the last file is closed.
for name in "${images[@]}"; do
	image=$IMAGES/zs-$name.img
	mnt "" "$image" "$MNT/a"
	want=$(md5sum <"$MNT/a/words")
	drop_caches
	exec 3<"$MNT/a/words"
	umount -l "$MNT/a"
	is "$name: a file outlives the mount point" "$(md5sum <&3)" "$want"
	exec 3<&-
done
probe damage-one "$IMAGES/zs-fragments.img" "$MNT/rootless.img" root-is-a-file
failing() { for _ in {1..10}; do [ "$(errno_of mnt "" "$MNT/rootless.img" "$MNT/a")" = EINVAL ] || return; done; }
check "mounts that fail behind them" failing
