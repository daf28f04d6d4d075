#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# sendfile, splice and cp share, also through overlayfs, whose own copies do, too.
. "$(dirname "$0")/lib/guest.sh"

plan 19
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
	probe consume "$2" "$MNT/b/big" >"$MNT/said"
	echo "$(($(meminfo Cached) - before)) $(($(sectors_read $b) - sectors))"
	umnt "$MNT/a"
	umnt "$MNT/b"
}
layer() {	# NAME: an overlay over $MNT/NAME
	mkdir -p "$MNT/upper-$1" "$MNT/work-$1"
	mnt "rw,lowerdir=$MNT/$1,upperdir=$MNT/upper-$1,workdir=$MNT/work-$1" overlay "$MNT/over-$1" overlay
}

# copy_file_range is refused between file systems, as it is from erofs: who copies reads instead.
for way in read mmap sendfile splice copy; do
	read -r kib sectors < <(both "$FS" $way)
	[ "$FS" = erofs ] || diag "erofs: $way costs $(both erofs $way) (KiB, sectors)"
	diag "$FS: $way costs $kib $sectors ($(paste -sd ' ' "$MNT/said"))"
	if [ "$FS" = cofs ]; then
		at_most "$way: page cache (KiB)" "$kib" 1024
		at_most "$way: sectors" "$sectors" 256
	else
		skip "$way: page cache" "peer"
		skip "$way: sectors" "peer"
	fi
done

[ "$FS" = cofs ] || skip_rest overlay peer
drop_caches
mnt inode_share,domain_id=splice $a "$MNT/a"
mnt inode_share,domain_id=splice $b "$MNT/b"
layer a && layer b
cache() { echo $(($(meminfo Cached) - $(meminfo Shmem))); }	# copies are in memory
cost() {	# TEXT COMMAND...: what the second sharer costs after the first
	local text=$1 before sectors
	shift
	drop_caches
	probe consume read "$MNT/over-a/big" >/dev/null
	probe consume read "$MNT/over-a/tailed" >/dev/null
	before=$(cache)
	sectors=$(sectors_read $b)
	"$@" >/dev/null
	at_most "overlayfs, $text: page cache (KiB)" $(($(cache) - before)) 1024
	at_most "overlayfs, $text: sectors" $(($(sectors_read $b) - sectors)) 256
}
for way in sendfile read copy; do cost $way probe consume $way "$MNT/over-b/big"; done
cost copy-up touch "$MNT/over-b/big"
is "overlayfs, a file that was copied up" "$(md5sum <"$MNT/over-b/big")" "$(md5sum <"$MNT/a/big")"
for dir in over-a over-b a b; do umnt "$MNT/$dir"; done
