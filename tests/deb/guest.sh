#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# In a Debian 13 with the backports kernel: the packages from their installation to their removal, as KTAP.
# /payload holds them, an image and the sums of its files.
. /payload/tests/lib/ktap.sh

release=$(uname -r)
version=$(dpkg-deb -f /payload/cofs-dkms_*.deb Version)
log=/var/log/cofs-check
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
plan 16

# Every file of the machine, but for what apt, dpkg, dkms and systemd keep for themselves.
files() {
	find / -xdev \( -path /payload -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache/apt \
		-o -path /var/cache/debconf -o -path /var/cache/man -o -path /var/cache/cofs-dkms -o -path /var/lib/apt \
		-o -path /var/lib/dpkg -o -path /var/lib/systemd -o -path '/var/lib/dkms/mok.*' \) -prune -o -print |
		LC_ALL=C sort
}
# Neither does it happen in the background nor wait for an answer; what it says is shown when it fails.
apt() { apt-get -y --no-install-recommends "$@" >"$log" 2>&1 || { tail -n 30 "$log"; return 1; }; }
loaded() { [ -d /sys/module/cofs ]; }
unload() { umount /mnt 2>/dev/null; rmmod cofs; }

files >/run/before
check "the packages install" apt install /payload/*.deb
[ "$ktap_failed" = 0 ] || diag "$(tail -n 40 "/var/lib/dkms/cofs/$version/build/make.log")"
like "dkms has built the module for this kernel" "$(dkms status "cofs/$version" -k "$release" 2>&1)" "cofs/$version, $release, *: installed*"
like "it is in this kernel's modules" "$(modinfo -n cofs 2>&1)" "/lib/modules/$release/updates/dkms/cofs.ko*"
is "its release is this kernel's" "$(modinfo -F vermagic cofs | cut -d' ' -f1)" "$release"
like "dkms has signed it" "$(modinfo -F signer cofs 2>/dev/null)" "?*"

check "mount loads the module" mount -t cofs -o inode_share,domain_id=check /payload/image /mnt
check "the files are the image's" sh -c 'cd /mnt && sha256sum --quiet -c /payload/sums'
like "the kernel counts what is shared" "$(cat /sys/fs/cofs/shared_inodes 2>&1)" "[1-9]*"
check "the module goes" unload

# What the documentation says of modules-load.d.
cp /usr/share/doc/cofs-dkms/examples/modules-load.conf /etc/modules-load.d/cofs.conf
systemctl restart systemd-modules-load.service
check "modules-load.d loads it at boot" loaded
rm /etc/modules-load.d/cofs.conf
rmmod cofs

# Any containerd: the drop-in is of its unit's name.
printf '[Service]\nType=oneshot\nExecStart=true\n' >/run/systemd/system/containerd.service
systemctl daemon-reload
systemctl start containerd.service
check "the drop-in has the module loaded before containerd starts" loaded
rm /run/systemd/system/containerd.service
rmmod cofs

# A kernel that is not in the tested range, by its name.
other=6.0.0-other
mkdir -p "/lib/modules/$other"
cp -as "$(readlink -f "/lib/modules/$release/build")" "/lib/modules/$other/build"
output=$(dkms build "cofs/$version" -k "$other" 2>&1)
rc=$?
diag "$output"
rm -r "/lib/modules/$other"
is "a kernel that is not tested is passed over" "$rc" 77

check "cofsctl looks into the image" cofsctl inspect /payload/image

check "the packages go" apt purge $(dpkg-query -W -f '${Package}\n' 'cofs-*')
files >/run/after
is "no file is left" "$(diff /run/before /run/after)" ""
is "no metadata is left" "$(ls -d /var/cache/cofs-dkms 2>/dev/null)" ""
