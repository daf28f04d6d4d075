# SPDX-License-Identifier: GPL-2.0
# How the other filesystems' images are made of the trees that the EROFS images hold. Sourced
# inside the trixie root; `tools` is the entry of scripts/bench/tools.sh below /cache.

# squashfs IMAGE TREE ALGORITHM BLOCK: LZ4 as hard as mkfs.erofs -zlz4hc tries.
squashfs() {
	set -- "$@" $([ "$3" != lz4 ] || echo -Xhc)
	image=$1 tree=$2 algorithm=$3 block=$4
	shift 4
	rm -f "$image"
	"/cache/$tools/run" mksquashfs "$tree" "$image" -quiet -no-progress -noappend -mkfs-time 1700000000 \
		-comp "$algorithm" -b "$block" "$@"
}

# ext4 IMAGE TREE: as small as it goes.
ext4() {
	inodes=$(find "$2" | wc -l)
	# What its files take in pages, and what the inodes take.
	mib=$(find "$2" -type f -printf '%s\n' | awk -v n="$inodes" \
		'{ pages += int(($1 + 4095) / 4096) } END { print int((pages * 4 + n * 5) / 1024 * 1.03) + 16 }')
	rm -f "$1"
	truncate -s "${mib}M" "$1"
	mke2fs -q -t ext4 -b 4096 -I 256 -O ^has_journal -m 0 -N $((inodes + 64)) -d "$2" "$1"
}

# composefs STORE IMAGE TREE [IMAGE TREE]...: an image of names for each tree, and one ext4 with
# the contents of all.
composefs() {
	store=$1
	shift
	rm -rf "$store.objects"
	while [ $# -ge 2 ]; do
		"/cache/$tools/run" mkcomposefs --digest-store="$store.objects" "$2" "$1"
		shift 2
	done
	ext4 "$store" "$store.objects"
	rm -rf "$store.objects"
}
