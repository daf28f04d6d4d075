#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the disk of a Debian 13 with the kernel of trixie-backports, its headers, and what cofs-dkms depends
# on; the Rust metadata of that kernel is made in it already. Once it is up it runs /payload/run, a link in the
# file system on its second disk. Prints DIR: {disk,vmlinuz,initrd}.
. "$(dirname "$0")/lib.sh"
need_root "$@"

stock=$("$COFS_TOP/scripts/kernel.sh")
kver=$(cat "$stock/kver")
series=$(cut -d. -f1,2 <<<"$kver")
dir=$COFS_CACHE/machine-$kver-$(key "$(cat "$0" "$COFS_TOP/dkms/metadata")")
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
need_disk 12
with_lock machine
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
rm -rf "$dir"
mkdir -p "$dir"
tree=$dir/tree

# The keyring of Debian and the choice of the mirror are those of the trixie root. linux-source is in the
# version of the headers, whatever else there is.
root=$("$COFS_TOP/scripts/root.sh")
mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) trixie-backports main.*/\2/p' "$root/etc/apt/sources.list.d/cofs.list")
step 400 "making a Debian 13 with kernel $kver" "$COFS_CACHE/log/machine.log" \
	mmdebstrap --variant=minbase --mode=root \
	--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
	--include=systemd-sysv,udev,dbus,kmod,mount,initramfs-tools,ca-certificates,mokutil \
	--include=dkms,bc,bindgen,bison,flex,gcc,libelf-dev,libssl-dev,make,python3,rust-src,rustc,xz-utils \
	--customize-hook='printf "virtio_pci\nvirtio_blk\next4\n" >>"$1/etc/initramfs-tools/modules"' \
	--customize-hook='echo MODULES=list >"$1/etc/initramfs-tools/conf.d/cofs"' \
	--customize-hook='chroot "$1" sh -euc "
		export DEBIAN_FRONTEND=noninteractive
		version=\$(apt-cache madison linux-image-'"$kver"' | cut -d\| -f2 | head -n 1 | tr -d \" \")
		apt-get install -y -t trixie-backports linux-image-'"$kver"' linux-headers-'"$kver"' linux-source-'"$series"'=\$version
		systemd-machine-id-setup"' \
	trixie "$tree" "deb $mirror trixie main" "deb $mirror trixie-updates main" "deb $mirror trixie-backports main"

# Here, where nothing is emulated: what dkms would have it do in the guest.
mkdir "$tree/cofs" "$tree/cache"	# where scripts/in-root mounts
step 300 "making the Rust metadata of $kver as cofs-dkms does" "$COFS_CACHE/log/machine-metadata.log" \
	"$COFS_TOP/scripts/in-root" --root "$tree" --chdir / /cofs/dkms/metadata "$kver"
rmdir "$tree/cofs" "$tree/cache"

cp -L "$tree/boot/vmlinuz-$kver" "$dir/vmlinuz"
cp -L "$tree/boot/initrd.img-$kver" "$dir/initrd"
mkdir -p "$tree/payload"
units=$tree/etc/systemd/system
cat >"$units/cofs-check.service" <<'UNIT'
[Service]
Type=oneshot
StandardOutput=tty
StandardError=tty
TTYPath=/dev/hvc0
ExecStart=/bin/sh -c 'stty -F /dev/hvc0 raw -echo; mount -o ro /dev/vdb /payload; bash "$$(readlink /payload/run)"'
ExecStopPost=systemctl poweroff --force
UNIT
mkdir -p "$units/multi-user.target.wants"
ln -s ../cofs-check.service "$units/multi-user.target.wants/"
# Its prompt would come between.
ln -s /dev/null "$units/serial-getty@hvc0.service"
echo cofs >"$tree/etc/hostname"
step 60 "making its disk" "$COFS_CACHE/log/machine-disk.log" sh -euc '
	size=$(du -sm "$1/tree" | cut -f1)
	truncate -s $((size + size / 8 + 1024))M "$1/disk"
	"$2/scripts/in-root" mke2fs -q -t ext4 -m 0 -d "/cache/${1##*/}/tree" "/cache/${1##*/}/disk"
	rm -rf "$1/tree"' sh "$dir" "$COFS_TOP"
touch "$dir/.complete"
echo "$dir"
