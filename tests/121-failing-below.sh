#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images in files of other images, and devices that fail below them: a read that waits for another
# read, which fails over in turn. Whatever hangs here would hang for good, hence the time limits.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/devices.sh"
. "$TESTS/lib/sharing.sh"

plan 15
if ! ours || ! modprobe -q dm_mod; then
	skip_rest "failing below" "for the peer, or without device mapper"
fi

# Devices over loop devices, that fail and work again.
declare -A loops
device() {	# NAME FILE
	loops[$1]=$(loop "$2")
	dmsetup create "$1" --readonly --table "0 $(blockdev --getsz "${loops[$1]}") linear ${loops[$1]} 0"
	dmsetup mknodes "$1"	# there is no udev
}
table() { dmsetup suspend --noflush --nolockfs "$1" && dmsetup load "$1" --table "$2" && dmsetup resume "$1"; }
fails() {
	local name
	for name; do table "$name" "0 $(blockdev --getsz "${loops[$name]}") error"; done
}
works() {
	local name
	for name; do table "$name" "0 $(blockdev --getsz "${loops[$name]}") linear ${loops[$name]} 0"; done
}

# limited COMMAND...: what it prints and its status, or that it hangs. A thread that hangs dies by no signal.
limited() {
	local pid i status=hangs output=$MNT/output
	"$@" >"$output" 2>&1 &
	pid=$!
	for ((i = 0; i < 300 * SCALE; i++)); do
		[ -d "/proc/$pid" ] || break
		read -r -t 0.1 <> <(:)
	done
	if ! [ -d "/proc/$pid" ]; then
		wait "$pid"
		status=$?
	fi
	echo "$(<"$output") status $status"
}
sum() { md5sum <"$1"; }
pages() { local value; value=$(meminfo Cached); echo $((value / 4)); }

disk_begin 160M
probe tree share-a tree >/dev/null
erofs_image inner.img tree
mkdir one two
ln inner.img one/inner
ln inner.img two/inner
echo two >two/other
erofs_image one.img one
erofs_image two.img two
device one one.img
device two two.img
device plain inner.img
want=$(sum tree/big)

# What names and attributes need is read before anything fails; nothing of big is.
share=inode_share,domain_id=below
mnt $share /dev/mapper/one "$MNT/one"
mnt $share /dev/mapper/two "$MNT/two"
mnt $share /dev/mapper/plain "$MNT/plain"
BACKED_BY_FILE=1 mnt $share "$MNT/one/inner" "$MNT/inner"
is "both outer images have the file" "$(same "$MNT/one/inner" "$MNT/two/inner")" "$(same "$MNT/one/inner" "$MNT/one/inner")"
names() { ls -lR "$MNT" >/dev/null; head -c 1 "$MNT/inner/big" "$MNT/plain/big" >/dev/null; }
cold() {
	works one two plain
	names
	probe evict "$MNT/plain/big" >/dev/null
	probe evict "$MNT/one/inner" >/dev/null
	drop_caches 1
	names
	probe evict "$MNT/plain/big" >/dev/null
}

cold
fails one two
is "the device below the outer image" "$(limited sum "$MNT/inner/big")" "$want status 0"
cold
fails plain
is "the device of the other one" "$(limited sum "$MNT/plain/big")" "$want status 0"
cold
before=$(counter failovers)
fails plain one
is "that, and one of two outer images" "$(limited sum "$MNT/plain/big")" "$want status 0"
at_least "folios that others filled" $(($(counter failovers) - before)) 2
cold
fails plain one two
like "all" "$(limited probe consume read "$MNT/plain/big")" "*EIO status [1-9]"
like "all, by the other reader" "$(limited probe consume mmap "$MNT/inner/big")" "* status [1-9]*"
crowd() {
	local i
	for i in 1 2 3 4 5 6 7 8; do
		probe consume read "$MNT/plain/big" &
		probe consume read "$MNT/inner/big" &
	done >/dev/null 2>&1
	wait
}
is "many readers" "$(limited crowd)" " status 0"

# Folios that failed are like any others to who moves and drops pages.
before=$(pages)
fails plain one two
probe consume read "$MNT/plain/big" >/dev/null 2>&1
echo 1 >/proc/sys/vm/compact_memory
drop_caches 1
echo 1 >/proc/sys/vm/compact_memory
drop_caches 1
at_most "folios that failed can go" "$(pages)" $((before + 256))
is "none is left" "$(cached "$MNT/plain/big")" 0
works one two plain
is "and come back" "$(limited sum "$MNT/plain/big")" "$want status 0"

# Under way when the mount goes.
fails plain one
for i in 1 2 3 4; do cat "$MNT/inner/big" >/dev/null & done 2>/dev/null
is "umount of the other image" "$(limited umnt "$MNT/plain")" " status 0"
wait
is "umount of the inner image" "$(limited umnt "$MNT/inner")" " status 0"
is "umount of the outer ones" "$(limited umnt "$MNT/one")$(limited umnt "$MNT/two")" " status 0 status 0"
dmsetup remove one && dmsetup remove two && dmsetup remove plain
losetup -d "${loops[@]}"
cd / || exit
check "the disk can go" disk_end
