#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what scripts/bench.sh measures.
#
#   guest.sh LAB [ROW]...
set -eu
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || true
modprobe erofs
insmod ./cofs.ko
# Disks in memory: waiting for a real one would count as instructions.
[ "$1" != instructions ] || modprobe brd rd_nr=2 rd_size=98304
exec ./cofs-bench "$@"
