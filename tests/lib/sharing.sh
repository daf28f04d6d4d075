# SPDX-License-Identifier: GPL-2.0
# What the tests of shared files have in common; after guest.sh.

# Pages of a file that are cached, by cachestat(2).
cached() { local out; out=$(probe cached "$1" 2>&1); out=${out##*cached=}; echo "${out%% *}"; }

# The same by mincore(2), where cachestat is blind.
resident() { local out; out=$(probe cached "$1" 2>&1); out=${out##*resident=}; echo "${out%% *}"; }

# How many pages two files have in common, by page frame.
same() { local out; out=$(probe samepage "$1" "$2" 2>&1); echo "${out##*same=}"; }

# ours: whether the filesystem under test is cofs.
ours() { [ "$FS" = cofs ]; }

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

# skip_all REASON NAME...
skip_all() {
	local why=$1 name
	shift
	for name in "$@"; do skip "$name" "$why"; done
}

# until_is NAME WANT COMMAND...: what a worker brings about within some seconds.
until_is() {
	local name=$1 want=$2 got i
	shift 2
	for ((i = 0; i < 50 * SCALE; i++)); do
		got=$("$@")
		[ "$got" != "$want" ] || break
		read -r -t 0.1 <> <(:)
	done
	is "$name" "$got" "$want"
}

# erofs_image FILE TREE OPTION...: an image with fingerprints.
erofs_image() {
	local file=$1 tree=$2
	shift 2
	mkfs.erofs --quiet -T1700000000 --xattr-inode-digest=trusted.erofs.fingerprint "$@" "$file" "$tree" >/dev/null
}

# Room for trees and images, in memory.
scratch() { SCRATCH=$MNT/scratch; mnt rw scratch "$SCRATCH" tmpfs; }

# The same on a file system that may hold an image: neither tmpfs nor the guest's stacked root.
scratch_disk() {
	SCRATCH=$MNT/scratch
	mkdir -p "$SCRATCH"
	truncate -s 64M "$MNT/scratch.disk"
	mke2fs -q -t ext4 -O ^has_journal -m 0 "$MNT/scratch.disk" && mount -o loop "$MNT/scratch.disk" "$SCRATCH" &&
		rm "$MNT/scratch.disk"
}
