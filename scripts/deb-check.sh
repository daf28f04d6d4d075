#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Installs the packages in a Debian 13 with the kernel of trixie-backports, has DKMS build the module
# there, mounts an image, and removes them again (tests/deb/guest.sh).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/long-run.sh"
need_root "$@"
cd "$COFS_TOP"

out=build/deb-check
rm -rf "$out"
mkdir -p "$out"
scripts/deb-payload.sh "$out/payload" guest.sh
machine=$(scripts/deb-machine.sh)
stock=$(scripts/kernel.sh)
boot=$(qemu/boot-image.sh "$stock")
accel=$(qemu/accel.sh "$stock" "$boot")

expect=600 status=0
[ "${accel%%,*}" != kvm ] || expect=120
# snapshot=on: what the guest writes is gone with it.
(step "$expect" "installing the packages in the guest" "$out/guest.ktap" \
	timeout $((4 * expect)) scripts/in-root --chdir / qemu-system-x86_64 -nodefaults -no-user-config \
	-display none -no-reboot -accel "$accel" -cpu max -smp 2 -m 4096 \
	-kernel "/cache/${machine##*/}/vmlinuz" -initrd "/cache/${machine##*/}/initrd" \
	-append "root=/dev/vda rw console=ttyS0 loglevel=7 panic=-1 oops=panic systemd.show_status=yes" \
	-drive "if=virtio,format=raw,snapshot=on,file=/cache/${machine##*/}/disk" \
	-drive "if=virtio,format=raw,readonly=on,file=/cofs/$out/payload" \
	-serial "file:/cofs/$out/console" \
	-device virtio-serial-pci -chardev stdio,id=out -device virtconsole,chardev=out) || status=1
verdict
