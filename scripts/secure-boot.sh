#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Boots a Debian 13 in which cofs-dkms is installed with Secure Boot, by Debian's shim and GRUB, and enrolls the key
# of DKMS as Documentation/installing.rst says: before that the kernel refuses the module (tests/deb/secure-boot*).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/long-run.sh"
need_root "$@"
cd "$COFS_TOP"

out=build/secure-boot esp=build/secure-boot/esp
rm -rf "$out"
mkdir -p "$esp/EFI/BOOT" "$esp/EFI/debian"
scripts/deb-payload.sh "$out/payload" secure-boot.sh
machine=$(scripts/deb-machine.sh)
stock=$(scripts/kernel.sh)
boot=$(qemu/boot-image.sh "$stock")
accel=$(qemu/accel.sh "$stock" "$boot")

# The firmware, with the keys that computers come with, and what these have signed.
packages=(ovmf shim-signed shim-helpers-amd64-signed grub-efi-amd64-signed)
signed=$COFS_CACHE/secure-boot-$(key "$(basename "$(scripts/root.sh)")" "${packages[@]}")
if to_make "$signed/.complete" secure-boot; then
	rm -rf "$signed"
	mkdir -p "$signed"
	step 10 "fetching what boots with Secure Boot" "$COFS_CACHE/log/secure-boot.log" \
		scripts/in-root --chdir "/cache/${signed##*/}" sh -euc '
		apt-get -o Acquire::Check-Valid-Until=false update
		apt-get download "$@"
		for deb in *.deb; do dpkg-deb -x "$deb" .; done' sh "${packages[@]}"
	touch "$signed/.complete"
	unlock
fi
cp "$signed"/usr/share/OVMF/OVMF_VARS_4M.ms.fd "$out/variables"
cp "$signed"/usr/lib/shim/shimx64.efi.signed "$esp/EFI/BOOT/BOOTX64.EFI"
cp "$signed"/usr/lib/shim/mmx64.efi.signed "$esp/EFI/BOOT/mmx64.efi"
cp "$signed"/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed "$esp/EFI/BOOT/grubx64.efi"
cp "$machine/vmlinuz" "$machine/initrd" "$esp/"
cat >"$esp/EFI/debian/grub.cfg" <<'CFG'
linux /vmlinuz root=/dev/vda rw console=ttyS0 loglevel=7 panic=-1 oops=panic
initrd /initrd
boot
CFG

# Here, where nothing is emulated: DKMS builds the module and signs it with a key that it makes.
step 120 "installing the packages" "$out/install.log" unshare --mount --propagation private bash -euc '
	cp --sparse=always "$1/disk" "$2/disk"
	mkdir "$2/root"
	mount -o loop "$2/disk" "$2/root"
	mkdir "$2/root/cofs" "$2/root/cache" # where scripts/in-root mounts
	scripts/in-root --root "$PWD/$2/root" --chdir / sh -euc "
		apt-get install -y --no-install-recommends /cofs/build/deb/cofs-*.deb
		dkms status cofs | grep installed"
	rmdir "$2/root/cofs" "$2/root/cache"
	umount "$2/root"' sh "$machine" "$out"

expect=500 status=0
[ "${accel%%,*}" != kvm ] || expect=90
(step "$expect" "two boots with Secure Boot" "$out/console" \
	timeout $((4 * expect)) scripts/in-root scripts/mok-manager.py qemu-system-x86_64 -nodefaults -no-user-config \
	-display none -machine q35,smm=on -accel "$accel" -cpu max -smp 2 -m 4096 \
	-global driver=cfi.pflash01,property=secure,value=on \
	-drive "if=pflash,format=raw,readonly=on,file=/cache/${signed##*/}/usr/share/OVMF/OVMF_CODE_4M.ms.fd" \
	-drive "if=pflash,format=raw,file=$out/variables" \
	-drive "if=virtio,format=raw,file=$out/disk" \
	-drive "if=virtio,format=raw,readonly=on,file=$out/payload" \
	-drive "if=virtio,format=raw,readonly=on,file=fat:$esp" \
	-serial stdio \
	-device virtio-serial-pci -chardev null,id=none -device virtconsole,chardev=none \
	-chardev "file,id=out,path=$out/guest.ktap" -device virtserialport,chardev=out,name=tests) || status=1
rm "$out/disk"
verdict
