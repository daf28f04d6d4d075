# SPDX-License-Identifier: GPL-2.0
# What the tests of extra devices and offsets share: a disk for images, made in the guest.

. "$TESTS/lib/differ.sh"

# A file system for images, on which they can be mounted as files, too; it is the directory.
disk_begin() {
	truncate -s "$1" "/dev/shm/${0##*/}"
	mkfs.ext4 -q -O ^has_journal -m 0 "/dev/shm/${0##*/}"
	mkdir -p "$MNT/disk"
	mount -o loop "/dev/shm/${0##*/}" "$MNT/disk"
	cd "$MNT/disk" || exit
}
disk_end() {
	cd /
	umnt "$MNT/disk" && rm "/dev/shm/${0##*/}"
}

loop() { losetup --find --show --read-only "$@"; }

mkfs() { mkfs.erofs --quiet -T1700000000 --mkfs-time "$@" || diag "mkfs.erofs $*: status $?"; }

# answer OPTIONS SOURCE [TYPE]: of mount, and of a walk that reads everything, in a line.
answer() {
	local output
	output=$(errno_of mnt "$1" "$2" "$MNT/x" "${3:-$FS}")
	if [ "$output" = ok ]; then
		output+=" $(probe manifest "$MNT/x" | md5sum)"
		umnt "$MNT/x"
	fi
	echo "$output"
}

# alike NAME OPTIONS SOURCE: the same answer as the peer's.
alike() {
	local ours
	ours=$(answer "$2" "$3")
	is "$1" "$ours" "$(answer "$2" "$3" erofs)"
	diag "$1: ${ours%%  -}"
}
