#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Mount units, where systemd is PID 1: those of the documentation as they are, of type cofs, and of type erofs with
# cofs in its place. The module is loaded by the kernel when systemd mounts.
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$TESTS/lib/ktap.sh"

plan 26
examples=$TESTS/../examples
modules=/usr/lib/modules/$(uname -r)
units=/etc/systemd/system
# start UNIT: what systemd says of it is shown where it does not start.
start() { systemctl start "$1" || { systemctl status --no-pager "$1"; return 1; }; }
stop() { systemctl stop "$@" || { systemctl status --no-pager "$@"; return 1; }; }
state() { systemctl show --property=ActiveState --value "$1"; }
mount_of() { grep " $1 " /proc/self/mountinfo; }
mounted() { mount_of "$1" >/dev/null; }
counter() { cat "/sys/fs/cofs/$1"; }
right() { (cd "$1" && sha256sum --quiet -c /var/lib/images/sums); }
loaded() { [ -d "/sys/module/$1" ]; }
not() { ! "$@"; }

# The images on a file system that may hold some; the module where modprobe finds it.
mkdir -p /srv/app /srv/base /srv/more /run/disk /run/upper /var/lib/images
modprobe -q loop
mount -o ro /dev/disk/by-id/virtio-work /run/disk && mount --bind /run/disk/var/lib/images /var/lib/images
mount -t tmpfs upper /run/upper && mkdir /run/upper/data /run/upper/work
mount -t overlay -o "lowerdir=$modules,upperdir=/run/upper/data,workdir=/run/upper/work" overlay "$modules"
mkdir "$modules/updates"
cp "$TESTS/../cofs.ko" "$modules/updates/"
check "depmod finds the module" depmod -a
loaded erofs && rmmod erofs
is "systemd has booted this" "$(cat /proc/1/comm)" systemd
cp "$examples"/srv-*.mount $units/
systemctl daemon-reload
is "systemd finds no fault with the units" "$(systemd-analyze verify --man=no $units/srv-{app,base}.mount 2>&1)" ""

# -- of type cofs
check "a unit of type cofs is started" start srv-app.mount
is "it is active" "$(state srv-app.mount)" active
like "what it has mounted" "$(mount_of /srv/app)" "* - cofs *,inode_share*"
check "the in-tree module is not there" not loaded erofs
check "the files are the image's" right /srv/app
is "their pages can be shared" "$(counter sharers)" "$(wc -l </var/lib/images/sums)"
check "it is stopped" stop srv-app.mount
check "and unmounted" not mounted /srv/app
printf '[Unit]\nRequiresMountsFor=/srv/app\n[Service]\nType=oneshot\nExecStart=test -e /srv/app/index.rst\n' \
	>/run/systemd/system/needs.service
systemctl daemon-reload
check "a service that needs the directory is started" start needs.service
is "which has it mounted" "$(state srv-app.mount)" active
check "it is enabled" systemctl enable --quiet srv-app.mount
like "for the next boot" "$(systemctl list-dependencies --plain multi-user.target)" "*srv-app.mount*"
systemctl disable --quiet srv-app.mount
stop srv-app.mount
check "the module goes" rmmod cofs

# -- of type erofs
cp "$examples/modprobe.conf" /etc/modprobe.d/cofs.conf
check "a unit of type erofs is started" start srv-base.mount
like "what it has mounted" "$(mount_of /srv/base)" "* - erofs *,inode_share*"
check "by cofs" loaded cofs
check "and not by the in-tree module" not loaded erofs
echo "/var/lib/images/app.erofs /srv/more erofs ro 0 0" >>/etc/fstab
systemctl daemon-reload
check "a line of fstab, which systemd makes a unit of" start srv-more.mount
check "the files are the images'" eval 'right /srv/base && right /srv/more'
size=$(cd /srv/base && xargs -a <(cut -c67- /var/lib/images/sums) cat | wc -c)
at_least "and are in memory once: bytes saved" "$(counter saved_bytes)" "$size"
diag "$("$TESTS/../cofsctl" status)"
check "they are stopped" stop srv-base.mount srv-more.mount
check "and unmounted" not mounted '/srv/\(base\|more\)'
is "no unit has failed" "$(systemctl list-units --state=failed --no-legend --plain 'srv-*')" ""
