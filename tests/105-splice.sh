#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# sendfile and splice share, also through overlayfs.
. "$(dirname "$0")/lib/guest.sh"

plan 12
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b

both() {	# TYPE WAY: "KIB SECTORS", what the second sharer costs after the first
	local before sectors
	drop_caches
	mnt inode_share,domain_id=splice $a "$MNT/a" "$1" || return
	mnt inode_share,domain_id=splice $b "$MNT/b" "$1" || return
	probe consume "$2" "$MNT/a/big" >/dev/null
	before=$(meminfo Cached)
	sectors=$(sectors_read $b)
	probe consume "$2" "$MNT/b/big" >/dev/null
	echo "$(($(meminfo Cached) - before)) $(($(sectors_read $b) - sectors))"
	umnt "$MNT/a"
	umnt "$MNT/b"
}
layer() {	# NAME: an overlay over $MNT/NAME
	mkdir -p "$MNT/upper-$1" "$MNT/work-$1"
	mnt "rw,lowerdir=$MNT/$1,upperdir=$MNT/upper-$1,workdir=$MNT/work-$1" overlay "$MNT/over-$1" overlay
}

for way in read mmap sendfile splice; do
	read -r kib sectors < <(both "$FS" $way)
	[ "$FS" = erofs ] || diag "erofs: $way costs $(both erofs $way) (KiB, sectors)"
	diag "$FS: $way costs $kib $sectors"
	if [ "$FS" = cofs ]; then
		at_most "$way: page cache (KiB)" "$kib" 1024
		at_most "$way: sectors" "$sectors" 256
	else
		skip "$way: page cache" "peer"
		skip "$way: sectors" "peer"
	fi
done

if [ "$FS" != cofs ]; then
	for i in 1 2 3 4; do skip "overlay $i" "peer"; done
	exit
fi
drop_caches
mnt inode_share,domain_id=splice $a "$MNT/a"
mnt inode_share,domain_id=splice $b "$MNT/b"
layer a && layer b
for way in sendfile read; do
	file=$([ $way = read ] && echo tailed || echo big)
	probe consume $way "$MNT/over-a/$file" >/dev/null
	before=$(meminfo Cached)
	sectors=$(sectors_read $b)
	probe consume $way "$MNT/over-b/$file" >/dev/null
	at_most "overlayfs, $way: page cache (KiB)" $(($(meminfo Cached) - before)) 1024
	at_most "overlayfs, $way: sectors" $(($(sectors_read $b) - sectors)) 256
done
for dir in over-a over-b a b; do umnt "$MNT/$dir"; done
