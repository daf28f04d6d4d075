# SPDX-License-Identifier: GPL-2.0
# What the tests of compressed files have in common; after guest.sh and sharing.sh.

. "$TESTS/lib/differ.sh"

# Where the libraries lie as they are.
golden_begin() { mnt "" "$IMAGES/l-plain.img" "$MNT/golden" erofs; }
golden_end() { umnt "$MNT/golden"; }

# skip_unread NUMBER: ends the file with as many skipped tests where compressed files are not read.
skip_unread() {
	local i
	reads_compressed && return
	for ((i = 1; i <= $1; i++)); do skip "compressed $i" "$FS reads no compressed files"; done
	exit
}

# of DIR COUNTER: what the mount has counted so far; 0 where nothing counts.
of() {
	local id value
	[ "$FS" = cofs ] || { echo 0; return; }
	for id in $(disk_of "$1"); do
		read -r value <"/sys/fs/cofs/$id/$2" && { echo "$value"; return; }
	done
	echo none
}

# disk_of DIR: the name under which /sys/fs/cofs has a mount of a device.
disk_of() {
	local device
	device=$(awk -v dir="$1" '$5 == dir { print $3 }' /proc/self/mountinfo)
	device=$(readlink -f "/sys/dev/block/$device")
	echo "${device##*/}"
}
