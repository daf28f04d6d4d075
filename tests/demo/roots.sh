# SPDX-License-Identifier: GPL-2.0
# A container's root over a mounted image: what it writes goes to memory.

enter_root() {	# ROOT [LOWER_OPTIONS]
	mkdir -p "$1.rw" "$1.root"
	mount -t tmpfs tmpfs "$1.rw"
	mkdir "$1.rw/upper" "$1.rw/work"
	mount -t overlay overlay "$1.root" \
		-o "${2:-lowerdir=$1},upperdir=$1.rw/upper,workdir=$1.rw/work"
	mount -t proc proc "$1.root/proc"
	mount -t tmpfs tmpfs "$1.root/dev/shm"
	mount -t tmpfs tmpfs "$1.root/tmp"
}

leave_root() {	# ROOT
	umount "$1.root"/{tmp,dev/shm,proc} "$1.root" "$1.rw"
}
