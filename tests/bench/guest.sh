#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what scripts/bench.sh and scripts/profile.sh measure.
#
#   guest.sh LAB [ROW]...
set -eu
modprobe erofs
insmod ./cofs.ko
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
# Disks in memory: waiting for a real one would count as instructions.
[ "$1" = time ] || modprobe brd rd_nr=2 rd_size=98304
if [ "$1" = profile ]; then
	echo 0 >/proc/sys/kernel/kptr_restrict
	sed -n 's/^[0-9a-f]* [tTwW] /symbol &/p' /proc/kallsyms
fi
exec ./cofs-bench "$@"
