#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Readahead of a shared file has the window of the image's device, for faults it is mm's own.
. "$(dirname "$0")/lib/guest.sh"

plan 6
a=/dev/disk/cofs/a
device=$(readlink -f $a)
queue=/sys/class/block/${device##*/}/queue
stat=/sys/class/block/${device##*/}/stat
read -r old <"$queue/read_ahead_kb"

requests() {	# TYPE OPTIONS KIB WAY: device reads of one cold pass
	local before after
	echo "$3" >"$queue/read_ahead_kb"
	drop_caches
	mnt "$2" $a "$MNT/a" "$1" || return
	read -r before _ <"$stat"
	probe consume "$4" "$MNT/a/big" >/dev/null
	read -r after _ <"$stat"
	umnt "$MNT/a"
	echo $((after - before))
}
share=inode_share,domain_id=window
plain=$(requests "$FS" "" 8192 read)
wide=$(requests "$FS" $share 8192 read)
sendfile=$(requests "$FS" $share 8192 sendfile)
narrow=$(requests "$FS" $share 128 read)
diag "requests for 16 MiB: $FS 8 MiB window $plain, shared $wide, by sendfile $sendfile, shared with 128 KiB $narrow"
if [ "$FS" = cofs ]; then
	diag "erofs: 8 MiB window $(requests erofs "" 8192 read), shared $(requests erofs $share 8192 read)"
	at_most "as few requests as without sharing" "$wide" $((plain + plain / 8 + 2))
	at_most "sendfile too" "$sendfile" $((plain + plain / 8 + 2))
	if [ "$(<"$queue/max_sectors_kb")" -ge 512 ]; then
		at_least "and more with a narrow window" "$narrow" $((wide * 3))
	else
		skip "and more with a narrow window" "a device of small requests"
	fi
else
	for i in 1 2 3; do skip "window $i" "peer"; done
fi

touched() {	# TYPE OPTIONS WAY [IMAGE]: pages of a file in memory after few of a mapping were touched
	echo 128 >"$queue/read_ahead_kb"
	drop_caches
	mnt "$2" "${4:-$a}" "$MNT/a" "$1" || return
	probe touch "$3" "$MNT/a/big" 1024 1032 2048 2072
	umnt "$MNT/a"
}
plain=$(touched "$FS" "" run)
shared=$(touched "$FS" $share run)
diag "pages read for faults: $FS $plain, shared $shared, erofs $(touched erofs "" run)"
at_most "no more than is asked for" "$plain" 64
is "as many pages for faults as without sharing" "$shared" "$plain"
cp "$IMAGES/l-lz4.img" "$MNT/image"
image=$(losetup -r -f --show "$MNT/image")
echo 128 >"/sys/class/block/${image##*/}/queue/read_ahead_kb"
read=$(touched "$FS" "" read "$image")
run=$(touched "$FS" "" run "$image")
diag "of a compressed file, read $read, run $run; erofs $(touched erofs "" read "$image"), $(touched erofs "" run "$image")"
losetup -d "$image"
at_most "compressed, run: fewer than read" "$run" $((read - 1))
echo "$old" >"$queue/read_ahead_kb"
