#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The guest's half of the demo: every contender in turn, on the same devices.
#
#   guest.sh PACKAGE
set -euo pipefail
here=$(dirname "$0")
readahead_kib=128

modprobe erofs
ip link set lo up
for device in a b lz4-a lz4-b; do
	device=$(readlink -f "/dev/disk/cofs/$device")
	echo $readahead_kib >"/sys/block/${device##*/}/queue/read_ahead_kb"
done

status=0
"$here/contender.sh" "$1" erofs erofs || status=1
"$here/contender.sh" "$1" erofs_inode_share erofs inode_share,domain_id=demo || status=1
insmod "$here/../../cofs.ko" || { echo "demo: cofs failed to load"; exit 1; }
"$here/contender.sh" "$1" cofs cofs inode_share,domain_id=demo || status=1
exit $status
