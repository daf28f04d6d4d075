#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Content is dropped while its pages are still being read in, from a device that is slow, and from
# one that then fails.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 4
a=$(readlink -f /dev/disk/cofs/a)
b=/dev/disk/cofs/b
share=inode_share,domain_id=in-flight
size=$(blockdev --getsz "$a")
if ! ours; then why="cofs only"
elif ! modprobe -q dm_mod || ! modprobe -q dm_delay ||
	! dmsetup create cofs-below --readonly --table "0 $size linear $a 0" 2>/dev/null; then
	why="no device mapper"
else
	dmsetup mknodes cofs-below	# there is no udev
	why=
	dmsetup create cofs-slow --readonly --table "0 $size delay /dev/mapper/cofs-below 0 100" 2>/dev/null ||
		{ dmsetup remove cofs-below; why="no dm-delay"; }
fi
if [ "$why" ]; then
	skip_all "$why" "a slow device" "one that fails" "it works again" "the devices can go"
	exit
fi
dmsetup mknodes cofs-slow
drop_in_flight() {
	output=$(probe order linger flight "$FS" $share /dev/mapper/cofs-slow $b 2>&1)
	rc=$?
	diag "$1: $output"
	is "$1" $rc 0
}
# table TABLE: what lies below the slow device from now on.
table() { dmsetup suspend --noflush --nolockfs cofs-below && dmsetup load cofs-below --table "$1" && dmsetup resume cofs-below; }

drop_in_flight "a slow device"
mnt $share /dev/mapper/cofs-slow "$MNT/a"
# What is needed to mount, open and bind is in memory when the device fails.
head -c 1 "$MNT/a/big" >/dev/null
for _ in 1 2 3; do drop_caches 2; done
echo 1 >/sys/fs/cofs/drop_content
table "0 $size error"
drop_in_flight "one that fails"
table "0 $size linear $a 0"
drop_caches
is "it works again" "$(md5sum <"$MNT/a/big")" "$(mnt $share $b "$MNT/b" && md5sum <"$MNT/b/big")"
umnt "$MNT/a"
umnt "$MNT/b"
check "the devices can go" dmsetup remove cofs-slow cofs-below
