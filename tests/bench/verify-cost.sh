#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What share=verify costs, in a guest that counts instructions (qemu/run.sh --icount), where a nanosecond is one:
# opening and reading a cold file of 16 MiB, reading it again from the device, and warm, three times.
set -euo pipefail

cd "$(dirname "$0")/../.."
[ -d /sys/module/cofs ] || insmod cofs.ko
echo 65536 >/sys/module/cofs/parameters/verify_open_kb
dir=/run/verify-cost
mkdir -p $dir
read_all() {	# WHAT
	local start
	start=$(date +%s%N)
	./probe consume read $dir/big >/dev/null
	echo "$1 $(($(date +%s%N) - start))"
}
for round in 1 2 3; do
	for share in claim verify; do
		./probe mount cofs "inode_share,domain_id=$share$round,share=$share" /dev/disk/cofs/a $dir
		ls -lR $dir >/dev/null
		./probe consume read $dir/differs >/dev/null
		read_all "$round $share open"
		exec 9<$dir/big
		echo 1 >/proc/sys/vm/drop_caches
		./probe consume read $dir/differs >/dev/null
		read_all "$round $share again"
		exec 9<&-
		read_all "$round $share warm"
		./probe umount $dir
		echo 1 >/sys/fs/cofs/drop_content
	done
done
