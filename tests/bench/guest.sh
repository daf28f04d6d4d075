#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what scripts/bench.sh measures.
set -eu
modprobe erofs
insmod ./cofs.ko
devices=
case $1 in
instructions)
	# Disks in memory: waiting for a real one would count as instructions.
	modprobe brd rd_nr=4 rd_size=98304
	n=0
	for drive in a b many-a many-b; do
		dd if=/dev/disk/cofs/$drive of=/dev/ram$n bs=1M oflag=direct status=none
		devices="$devices /dev/ram$n"
		n=$((n + 1))
	done
	;;
*)
	for drive in a b many-a many-b; do devices="$devices /dev/disk/cofs/$drive"; done
	;;
esac
# shellcheck disable=SC2086
exec ./cofs-bench "$1" $devices
