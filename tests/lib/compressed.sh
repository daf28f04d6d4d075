# SPDX-License-Identifier: GPL-2.0
# What the tests of compressed files have in common; after guest.sh and sharing.sh.

. "$TESTS/lib/differ.sh"

# Where the libraries lie as they are.
golden_begin() { mnt "" "$IMAGES/l-plain.img" "$MNT/golden" erofs; }
golden_end() { umnt "$MNT/golden"; }

# Ends the file where compressed files are not read.
skip_unread() { reads_compressed || skip_rest compressed "$FS reads no compressed files"; }

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
