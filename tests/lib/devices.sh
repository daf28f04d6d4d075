# SPDX-License-Identifier: GPL-2.0
# What the tests of extra devices and offsets share: a disk for images, made in the guest.

facets=(tree lookup seekdir read pread mmap sendfile splice errno permission seek fiemap fibmap label)

# differ NAME OPTIONS IMAGE [DEVICE...]: as many tests as there are facets. The sources are paths with
# a slash, or they would not get loop devices.
differ() {
	local name=$1 verdict text answered=0
	shift
	while read -r verdict text; do
		case $verdict in
		pass) ok "$name $text" ;;
		fail)
			# Of files erofs says nothing, and cofs the byte in the file, as for FIEMAP.
			if [ "$text" = fibmap ] && [ "${BACKED_BY_FILE:-}" ]; then
				skip "$name $text" "the peer has none"
			else
				not_ok "$name $text"
			fi
			;;
		skip) skip "$name ${text%% *}" "not implemented: ${text#* }" ;;
		*) diag "$name: $verdict $text"; continue ;;
		esac
		answered=$((answered + 1))
	done < <(probe diff "$FS" erofs "$@" 2>&1)
	while [ $answered -lt ${#facets[@]} ]; do
		not_ok "$name ${facets[answered]}" "not reached"
		answered=$((answered + 1))
	done
}

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
