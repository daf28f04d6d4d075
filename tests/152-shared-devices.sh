#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Sharing between an image with an extra device and one without; the extra device fails, and goes.
# unload
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/devices.sh"

plan 11
if [ "$FS" != cofs ] || ! modprobe -q dm_mod; then
	skip_rest "shared devices" "for the peer, or without device mapper"
fi
disk_begin 96M
probe tree share-a tree >/dev/null
mkfs --xattr-inode-digest=trusted.erofs.fingerprint --chunksize=4096 --blobdev=blob.dev blob.img tree
cp blob.img again.img
extra=$(loop blob.dev)
size=$(blockdev --getsz "$extra")
table() { dmsetup suspend --noflush --nolockfs extra && dmsetup load extra --table "$1" && dmsetup resume extra; }
fails() { table "0 $size error"; }
works() { table "0 $size linear $extra 0"; }
dmsetup create extra --readonly --table "0 $size linear $extra 0"
dmsetup mknodes extra	# there is no udev
primary=$(loop blob.img)
share=inode_share,domain_id=devices
plain=/dev/disk/cofs/a

mnt $share $plain "$MNT/plain"
mnt $share,device=/dev/mapper/extra "$primary" "$MNT/apart"
want=$(md5sum <tree/big)
is "bytes of the extra device" "$(md5sum <"$MNT/apart/big")" "$want"
like "pages in common" "$(probe samepage "$MNT/plain/big" "$MNT/apart/big")" "* same=4096"

# A page that only the extra device is asked for comes from the other image.
drop_caches 1
before=$(counter failovers)
fails
is "the extra device fails" "$(md5sum <"$MNT/apart/big")" "$want"
at_least "folios that the other image filled" $(($(counter failovers) - before)) 1
# And back: the failing one is asked as the second.
is "a reader of the other image" "$(md5sum <"$MNT/plain/tailed")" "$(md5sum <tree/tailed)"
umnt "$MNT/plain"
drop_caches 1
like "nobody else has it" "$(probe consume read "$MNT/apart/big" 2>&1)" "*EIO*"
works
is "it works again" "$(md5sum <"$MNT/apart/big")" "$want"

# Readahead is under way when the mount goes: the device is free at once.
drop_caches 1
head -c 8192 "$MNT/apart/big" >/dev/null
umnt "$MNT/apart"
check "the extra device is free" dmsetup remove extra

# One that comes and goes while the other is read, on the same extra device.
check "umount against readers" probe hammer "$FS" "$share,device=$extra" "$PWD/again.img" "$primary" $((100 / SCALE))
losetup -d "$primary" "$extra"
cd / || exit
check "the disk can go" disk_end
check "the module can go" bash -c '[ "$(cat /sys/module/cofs/refcnt)" = 0 ]'
