#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what scripts/bench.sh and scripts/profile.sh measure.
#
#   guest.sh LAB [ROW]...
#   guest.sh service PACKAGE [ROW]...
set -eu
modprobe erofs
modprobe squashfs
modprobe overlay
insmod ./cofs.ko
# What mounts say goes over a slow serial line, which would be most of them.
echo 5 >/proc/sys/kernel/printk
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
# Disks in memory: waiting for a real one would count as instructions.
case $1 in
instructions | check | profile | walk | service) modprobe brd rd_nr=14 rd_size=4194304 ;;
esac
if [ "$1" = profile ]; then
	echo 0 >/proc/sys/kernel/kptr_restrict
	sed -n 's/^[0-9a-f]* [tTwW] /symbol &/p' /proc/kallsyms
fi
if [ "$1" != service ]; then
	exec ./cofs-bench "$@"
fi
package=$2
shift 2
./cofs-bench list "$@" | sed -n 's/^service - //p' >/run/works
[ -s /run/works ] || { echo "guest.sh: no work" >&2; exit 1; }
exec xargs -d '\n' ./services.sh "$package" </run/works
