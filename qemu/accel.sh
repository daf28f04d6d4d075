#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Prints QEMU's -accel: kvm when a guest really boots with it, else tcg. /dev/kvm may open and
# yet run no guest, so this boots one, once per boot of this machine.
#
#   qemu/accel.sh KERNEL_DIR BOOT_DIR
. "$(dirname "$0")/../scripts/lib.sh"

answer=$COFS_CACHE/accel
boot_id=$(cat /proc/sys/kernel/random/boot_id)
if [ "$(cut -d' ' -f1 "$answer" 2>/dev/null)" = "$boot_id" ]; then
	cut -d' ' -f2 "$answer"
	exit
fi
accel=tcg,thread=multi
# Nothing to mount: stage one of the guest says so on the console and powers off.
if [ -c /dev/kvm ] && timeout 20 "$COFS_TOP/scripts/in-root" --chdir / qemu-system-x86_64 \
	-nodefaults -no-user-config -display none -no-reboot -accel kvm -cpu host -m 512 \
	-kernel "/cache/${1##*/}/image/vmlinuz" -initrd "/cache/${2##*/}/initramfs.cpio" \
	-append "console=ttyS0 panic=-1" -serial stdio </dev/null 2>&1 | grep -q 'cofs guest: no drive root'; then
	accel=kvm
fi
echo "$boot_id $accel" >"$answer.$$"
mv "$answer.$$" "$answer"
say "guests run with ${accel%%,*}"
echo "$accel"
