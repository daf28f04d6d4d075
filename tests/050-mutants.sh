#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images with seeded changes to their structures. Nothing may crash or hang. The judge is the reference reader,
# the core without a kernel: the answer is the same, or an error. Nothing is served, either, that
# erofs refuses, or differently; being stricter than erofs is allowed, and counted.
# MUTANTS in all, from seed FIRST on; PEER=none leaves erofs out.
#
# Compressed files are read by the reader's decoders, which stop where they have what is wanted. With LZ4 nothing is
# served that these do not serve. What else there is are streams, in which a decoder finds a fault where it looks:
# in a mutant of their data, but not of what leads there, bytes are allowed where the reader has an error. Of these
# images erofs is not asked: what it makes of them is in Documentation/compressed-files.rst.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/differ.sh"

images=(h-{default,extended,chunk,index,512,prefix,48bit,packed,digest,device})
kinds=(super device prefix inode xattr shared chunk entry inline)
: "${MUTANTS:=$((600 / SCALE))}" "${FIRST:=0}" "${PEER:=erofs}"
if reads_compressed; then
	images+=(m-{lz4,lz4-64k,legacy,48bit,48bit-zstd,fragments,512,zstd,deflate,lzma,dirs,metabox})
	kinds+=(header index pack extent config cluster)
	export DECODED=1
fi
each=$(((MUTANTS + ${#images[@]} - 1) / ${#images[@]}))
plan $((${#images[@]} + 4))

# Only a judge that reads sound images right can judge others.
readings() {
	local image rc=0
	for image in "$IMAGES"/[phm]-*.img; do
		[[ $image != */m-* || -v DECODED ]] || continue
		probe reader erofs "$image" || rc=1
	done
	return $rc
}
check "the reader reads as erofs does" readings

# Its extra device follows the image, in the address space that they have in common.
probe tree damage "$MNT/tree"
mkfs.erofs --quiet -Enosbcrc -b512 --chunksize=512 --blobdev="$MNT/blob" "$MNT/image" "$MNT/tree"
cat "$MNT/image" "$MNT/blob" >"$MNT/h-device.img"

structures='' alike=0 readable=0
for name in "${images[@]}"; do
	image=$IMAGES/$name.img
	[ "$name" != h-device ] || image=$MNT/h-device.img
	peer=$PEER
	[[ $name != m-* ]] || peer=none
	output=$(probe mutants "$FS" "$peer" "$image" "$FIRST" "$each" 2>&1)
	rc=$?
	diag "$output"
	structures+=" ${output%%$'\n'*}"
	read -r good _ all < <(sed -n 's/^alike=//p' <<<"$output")
	alike=$((alike + ${good:-0})) readable=$((readable + ${all:-0}))
	if [ $rc = 0 ]; then ok "$name"; else not_ok "$name"; fi
done

# What is not found in any image is changed in none.
missing=
for kind in "${kinds[@]}"; do
	[[ $structures == *" $kind="[1-9]* ]] || missing+=" $kind"
done
is "each kind of structure is changed" "$missing" ""

# Errors are allowed answers, but not for everything.
at_least "mutants that the reader mounts" $readable $((MUTANTS / 2))
at_least "as many have the reader's answer, less a tenth" $alike $((readable - readable / 10))
