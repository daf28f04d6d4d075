#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The module goes, and everything it had with it.
# quick
. "$(dirname "$0")/lib/guest.sh"

plan 12
[ "$FS" = cofs ] || skip_rest unload "cofs only"
module=$TESTS/../cofs.ko
share=inode_share,domain_id=unload
slabs() { grep -c '^cofs' /proc/slabinfo; }
round() {
	mnt $share /dev/disk/cofs/a "$MNT/a" && mnt $share /dev/disk/cofs/b "$MNT/b" &&
		probe consume read "$MNT/a" && probe consume sendfile "$MNT/b" &&
		umnt "$MNT/a" && umnt "$MNT/b"
}

mnt $share /dev/disk/cofs/a "$MNT/a"
check "a mount pins the module" bash -c '! rmmod cofs'
umnt "$MNT/a"
check "rmmod" rmmod cofs
is "slab caches left" "$(slabs)" 0
is "the type is gone" "$(grep -c '\<cofs$' /proc/filesystems)" 0
check "sysfs is clean" test ! -e /sys/fs/cofs

# A first round brings the programs and libraries that the second one runs into memory.
drop_caches
check "insmod again" insmod "$module"
check "mount, share, read and unmount" round
check "rmmod with lingering content" rmmod cofs
cached=$(meminfo Cached)
insmod "$module" && round >/dev/null
diag "page cache after the last umount: +$(($(meminfo Cached) - cached)) KiB"
rmmod cofs
diag "page cache after rmmod: +$(($(meminfo Cached) - cached)) KiB"
at_most "page cache left (KiB)" $(($(meminfo Cached) - cached)) 1024

# Free memory moves by some MiB on its own; four rounds cache over 200 MiB.
settle
free=$(meminfo MemFree)
slab=$(meminfo SUnreclaim)
insmod "$module"
for _ in 1 2 3 4; do round >/dev/null; done
rmmod cofs
settle
diag "free memory $free to $(meminfo MemFree) KiB, unreclaimable slab $slab to $(meminfo SUnreclaim) KiB"
at_most "memory lost (KiB)" $((free - $(meminfo MemFree))) 12288
at_most "slab grown (KiB)" $(($(meminfo SUnreclaim) - slab)) 512
check "and once more for whoever comes next" insmod "$module"
