#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes what one kernel needs to boot: an initramfs with the modules on the way to the root,
# and an ext4 image with all of them. Prints its directory: {initramfs.cpio,modules.ext4}.
#
#   qemu/boot-image.sh KERNEL_DIR
. "$(dirname "$0")/../scripts/lib.sh"
need_root "$@"

kernel=$1
kver=$(cat "$kernel/kver")
name=boot-$kver-$(key "${kernel##*/}" "$(cat "$0" "$COFS_TOP/qemu/init" "$COFS_TOP/qemu/guest")")
[ -e "$COFS_CACHE/$name/.complete" ] && { echo "$COFS_CACHE/$name"; exit; }

with_lock boot-image
[ -e "$COFS_CACHE/$name/.complete" ] && { echo "$COFS_CACHE/$name"; exit; }
# Modules are stored plain: unpacking them in an emulated guest takes seconds.
step 20 "making the boot image of $kver" "$COFS_CACHE/log/boot-image.log" \
	"$COFS_TOP/scripts/in-root" --chdir "/cache" bash -euo pipefail -c "
	dir=/cache/$name
	rm -rf \$dir
	mkdir -p \$dir/tree/lib/modules \$dir/rd/{bin,proc,sys,dev,new,modules}
	cp -a /cache/${kernel##*/}/image/modules/$kver \$dir/tree/lib/modules/
	find \$dir/tree -name '*.ko.xz' -print0 | xargs -0 -r -n 100 xz -d
	depmod -b \$dir/tree $kver
	size=\$(du -sm \$dir/tree | cut -f1)
	truncate -s \$((size + size / 8 + 16))M \$dir/modules.ext4
	mke2fs -q -t ext4 -O ^has_journal -m 0 -d \$dir/tree/lib/modules \$dir/modules.ext4

	cp /usr/bin/busybox \$dir/rd/bin/busybox
	cp /cofs/qemu/init /cofs/qemu/guest \$dir/rd/
	for m in virtio_blk overlay; do
		# User Mode Linux has no virtio.
		modinfo -b \$dir/tree -k $kver -n \$m >/dev/null 2>&1 || continue
		modprobe -d \$dir/tree -S $kver -D \$m
	done | awk '/^insmod/ && !seen[\$2]++ { print \$2 }' | while read -r ko; do
		cp \$ko \$dir/rd/modules/
		echo \${ko##*/} >>\$dir/rd/modules/order
	done
	touch \$dir/rd/modules/order
	cd \$dir/rd
	find . | cpio --quiet -o -H newc -R 0:0 >\$dir/initramfs.cpio
	rm -rf \$dir/tree \$dir/rd
	touch \$dir/.complete"
echo "$COFS_CACHE/$name"
