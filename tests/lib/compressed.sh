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

# of DIR COUNTER: what the mount of a device has counted so far.
of() { counter "$(disk_of "$1")/$2"; }

# disk_of DIR: the name under which /sys/fs/cofs has it.
disk_of() {
	local device dir _
	while read -r _ _ device _ dir _; do
		[ "$dir" = "$1" ] && break
	done </proc/self/mountinfo
	device=$(readlink "/sys/dev/block/$device")
	echo "${device##*/}"
}

# A disk for damaged copies of the images, with what they should hold beside it.
damage_begin() {
	mkdir -p "$MNT/disk"
	truncate -s 160M "$MNT/disk.ext4"
	mke2fs -q -t ext4 -O ^has_journal -m 0 "$MNT/disk.ext4" && mount -o loop "$MNT/disk.ext4" "$MNT/disk"
	rm "$MNT/disk.ext4"
	golden_begin
}
damage_end() {
	golden_end
	umnt "$MNT/disk"
}

# damaged IMAGE NUMBER: a copy in which that cluster of big is none; what it took is in range.
damaged() {
	local pos len
	cp "$IMAGES/l-$1.img" "$MNT/disk/$1.img"
	read -r offset len pos encoded < <(probe clusters "$IMAGES/l-$1.img" big | sed -n "$2p")
	head -c "$encoded" /dev/zero | tr '\0' '\377' |
		dd of="$MNT/disk/$1.img" bs=64K oflag=seek_bytes seek="$pos" conv=notrunc status=none
	# The pages that have a byte of it.
	first=$((offset & ~4095)) last=$(((offset + len + 4095) & ~4095))
	range="$first $((last - first))"
}
