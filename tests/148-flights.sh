#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Content's pages do not pin the image that fills them: umount waits for its reads, and nothing
# reads from its device afterwards.
# unload
. "$(dirname "$0")/lib/guest.sh"

plan 3
a=$(readlink -f /dev/disk/cofs/a)
b=/dev/disk/cofs/b
share=inode_share,domain_id=flights
slow=cofs-slow
if [ "$FS" != cofs ]; then why="the peer runs into a BUG"
elif ! modprobe -q dm_mod || ! modprobe -q dm_delay ||
	! dmsetup create $slow --readonly --table "0 $(blockdev --getsz "$a") delay $a 0 100" 2>/dev/null; then
	why="no dm-delay"
else why=
fi
if [ "$why" ]; then
	for text in "umount waits" "with a reader of the other image" "the device can go"; do
		skip "$text" "$why"
	done
	exit
fi
run() {	# NAME ORDER
	output=$(probe order calls "$2" "$FS" $share /dev/mapper/$slow $b 2>&1)
	rc=$?
	diag "$2: $output"
	is "$1" $rc 0
}
dmsetup mknodes $slow	# there is no udev
run "umount waits" umount-waits
run "with a reader of the other image" umount-reader
check "the device can go" dmsetup remove $slow
