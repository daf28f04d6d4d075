#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the small images that fuzzing starts from, and prints their directory in the cache.
. "$(dirname "$0")/lib.sh"
need_root "$@"
in_root=$COFS_TOP/scripts/in-root

dir=$COFS_CACHE/fuzz-$(key "$(cat "$0")" "$("$in_root" mkfs.erofs -V)")
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
need_disk 1
with_lock fuzz
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
rm -rf "$dir"
mkdir -p "$dir/images"

# One of everything that is plain, as small as it can be, and what else must be refused.
cat >"$dir/make.sh" <<'MAKE'
set -eu
cd "$(mktemp -d)"
mkdir -p tree/dir/sub tree/many
printf 'a tail behind the inode\n' >tree/inline
head -c 2600 /dev/zero | tr '\0' x >tree/blocks
printf 1 >tree/sparse
truncate -s 9000 tree/sparse
printf 2 >>tree/sparse
ln tree/inline tree/dir/hard
ln -s dir/hard tree/link
mkfifo tree/fifo
mknod tree/null c 1 3
seq 900 >tree/numbers
for i in $(seq 40); do : >"tree/many/name-$i"; done
setfattr -n user.name -v value tree/inline
setfattr -n user.a.rather.long.name -v "$(head -c 90 /dev/zero | tr '\0' v)" tree/blocks
setfattr -n trusted.overlay.opaque -v y tree/dir
setfattr -h -n security.of.a.link -v 1 tree/link
for file in inline blocks sparse dir; do setfattr -n user.common -v shared "tree/$file"; done
setfacl -m u:1000:r tree/inline
setfacl -d -m u:1000:r tree/dir

number=0
while read -r options; do
	number=$((number + 1))
	# shellcheck disable=SC2086 # a list of options
	mkfs.erofs --quiet -T1700000000 --mkfs-time -U 0c0f5000-0000-4000-8000-000000000000 $options \
		"$1/images/$number" tree
	[ -e blob ] || continue
	# With an extra device: also with that behind it in the common address space, and with a
	# table that says it had one block.
	image=$1/images/$number
	cat "$image" blob >"$image.flat"
	rm blob
	cp "$image" "$image.short"
	slot=$(od -An -tu2 -j1112 -N2 "$image")
	printf '\1\0\0\0' | dd of="$image.short" bs=1 seek=$((slot * 128 + 64)) conv=notrunc status=none
done <<LIST
-b512
-b512 -E force-inode-extended,nosbcrc
-b512 -E ^inline_data -x0
-b512 -x1 --xattr-prefix=user.a.rather --xattr-prefix=trusted.overlay.
-b512 -E xattr-name-filter -x1000
-b512 --chunksize=512
-b512 --chunksize=1024 -E force-chunk-indexes
-b512 --xattr-inode-digest=trusted.erofs.fingerprint
-b1024 --chunksize=1024 -x1
-b2048 -E all-fragments -x0 --xattr-prefix=user.a.rather
-b4096
-b4096 --chunksize=4096 -E force-inode-extended
-b4096 -E force-chunk-indexes --chunksize=8192
-b512 -E 48bit,force-chunk-indexes --chunksize=512
-b1024 -E 48bit,force-inode-extended
-b512 --chunksize=512 --blobdev=blob
-b1024 -E 48bit --chunksize=1024 --blobdev=blob
-b4096 -zlz4
-b4096 -m4096 -zlz4
-b512 -zlz4hc -C2048 -E ztailpacking,fragments
-b512 -zlz4 -E legacy-compress,dedupe
-b512 -zzstd:deflate -E 48bit
-b1024 -zdeflate -C4096 -E 48bit,all-fragments
LIST
MAKE
"$in_root" sh "/cache/${dir##*/}/make.sh" "/cache/${dir##*/}" >"$dir/log" 2>&1 ||
	{ tail -n 5 "$dir/log" >&2; die "making the images to fuzz failed: see $dir/log"; }
touch "$dir/.complete"
echo "$dir"
