#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The module as type erofs, in place of the in-tree one: loaded by the kernel when somebody mounts, and
# mounted by mount(8) and as containerd does, neither of which knows of it. Before the files that
# damage images: erofs's clusters of some of those are left over, and the kernel says so when it is unloaded.
# unload
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 23
ours || skip_rest drop-in "cofs only"
module=$TESTS/../cofs.ko
modules=/lib/modules/$(uname -r)

# Whatever happens, the files after this find both types again.
restore() {
	cd /
	umount "$MNT/c" "$MNT/a" "$MNT/b" "$MNT/disk" 2>/dev/null
	rmmod cofs 2>/dev/null
	rm -f /etc/modprobe.d/cofs.conf
	umount "$modules" "$MNT/upper" 2>/dev/null
	modprobe -q erofs
	[ -d /sys/module/cofs ] || insmod "$module"
}
trap 'status=$?; restore; (exit $status); ktap_end' EXIT
# registered TYPE: the line that containerd looks for.
registered() { grep -q "^	$1\$" /proc/filesystems; }
unregistered() { ! registered "$1"; }
loads() { insmod "$module" "$@" 2>&1 | sed 's/.*: //'; }
loop_devices() { losetup --list --noheadings | wc -l; }

# -- beside the in-tree module there is no room
rmmod cofs
registered erofs || modprobe -q erofs
is "a type that is taken is refused" "$(loads fsname=erofs)" "Device or resource busy"
is "another name is refused" "$(loads fsname=ext5)" "Invalid parameters"
check "the refused module has left nothing" [ ! -e /sys/fs/cofs ]
if ! rmmod erofs 2>/dev/null; then
	insmod "$module"
	skip_all "erofs is built in" "drop-in "{4..23}
	exit
fi

# -- as modprobe.d says it, on a tree of modules that can be written to
mkdir "$MNT/upper"
mount -t tmpfs upper "$MNT/upper" && mkdir "$MNT/upper/data" "$MNT/upper/work"
mount -t overlay -o "lowerdir=$modules,upperdir=$MNT/upper/data,workdir=$MNT/upper/work" overlay "$modules"
mkdir "$modules/updates"
cp "$module" "$modules/updates/cofs.ko"
check "depmod finds the module" depmod -a
mkdir -p /etc/modprobe.d
cp "$TESTS/../examples/modprobe.conf" /etc/modprobe.d/cofs.conf
check "there is no type erofs" unregistered erofs

# -- mount(8), which loads it
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
mkdir -p "$MNT/a" "$MNT/b" "$MNT/c"
check "mount(8) of a device" mount -t erofs -o ro "$(readlink -f $a)" "$MNT/a"
check "the kernel loaded the module for it" registered erofs
check "which is cofs" [ -d /sys/fs/cofs ]
check "the in-tree one is not there" [ ! -e /sys/module/erofs ]
like "the type of the mount" "$(grep " $MNT/a " /proc/self/mountinfo)" "* - erofs *,inode_share*"
is "what statfs(2) says it is" "$(stat -f -c %t "$MNT/a")" e0f5e1e2
check "whoever asks for erofs by name gets it" modprobe erofs
echo "$(readlink -f $b) $MNT/b auto ro 0 0" >>/etc/fstab
check "a type that is found out, from fstab" mount "$MNT/b"
probe consume read "$MNT/a/tailed" >/dev/null
is "both share, as the module's default says" "$(probe consume read "$MNT/b/tailed" >/dev/null; same "$MNT/a/tailed" "$MNT/b/tailed")" 257
like "cofsctl knows them" "$(cofsctl status)" "* $MNT/b *"
umount "$MNT/a" "$MNT/b"

# -- as containerd: files, by mount(2), with no option but ro
mkdir "$MNT/disk"
truncate -s 128M /dev/shm/layers
mke2fs -q -t ext4 -O ^has_journal -m 0 /dev/shm/layers && mount -o loop /dev/shm/layers "$MNT/disk"
rm /dev/shm/layers
cp $a "$MNT/disk/layer-1.erofs"
cp $b "$MNT/disk/layer-2.erofs"
before=$(loop_devices)
check "a layer in a file" probe mount2 erofs "" "$MNT/disk/layer-1.erofs" "$MNT/a"
check "another" probe mount2 erofs "" "$MNT/disk/layer-2.erofs" "$MNT/b"
is "which takes no loop device" "$(loop_devices)" "$before"
probe consume read "$MNT/a/tailed" >/dev/null
probe consume read "$MNT/b/tailed" >/dev/null
is "and shares" "$(same "$MNT/a/tailed" "$MNT/b/tailed")" 257
check "below overlayfs" mount -t overlay -o "ro,lowerdir=$MNT/a:$MNT/b" overlay "$MNT/c"
check "is read there" cmp "$MNT/c/tailed" "$MNT/b/tailed"
umount "$MNT/c" "$MNT/a" "$MNT/b"
check "mount(8) of a file" mount -t erofs -o ro "$MNT/disk/layer-1.erofs" "$MNT/a"
diag "mount(8) of a file took $(($(loop_devices) - before)) loop devices"
umount "$MNT/a"

# -- and more than a hundred layers, merged, by fsconfig(2)
cd "$MNT/disk" || exit
devices=() layers=()
for i in {1..4}; do
	mkdir -p tree/$i
	echo $i >tree/$i/only-$i
	mkfs.erofs --quiet -E^inline_data s$i.img tree/$i >/dev/null
done
for i in {1..26}; do layers+=(s1.img s2.img s3.img s4.img); done
mkfs.erofs --quiet merged.img "${layers[@]}" >/dev/null
options=$(printf ",device=$MNT/disk/%s" "${layers[@]}")
export BACKED_BY_FILE=1
mnt "ro$options" ./merged.img "$MNT/a" erofs
is "104 layers" "$(cat "$MNT"/a/only-* 2>/dev/null | tr '\n' ' ')" "1 2 3 4 "
