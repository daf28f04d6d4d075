#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The guest's half of the workloads: each in a root of its own, which is the image `work` under an overlay in
# memory, mounted by TYPE.
#
#   guest.sh TYPE NAME...
#
# Prints "workload: NAME TYPE pass|fail SECONDS TEXT" for each.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
type=$1
shift
options=ro
modprobe erofs
modprobe overlay
if [ "$type" = cofs ]; then
	insmod "$here/../../cofs.ko" || exit
	options=ro,inode_share,domain_id=workloads
fi
run=/run/workloads
mkdir -p $run/{lower,lower-src,rw,root}
mount -t "$type" -o "$options" /dev/disk/cofs/work $run/lower || exit
mount -t "$type" -o "$options" /dev/disk/cofs/source $run/lower-src || exit

overlay() {	# LOWER NAME DIR
	mkdir -p "$run/rw/$2" "$run/rw/$2.work" "$3"
	mount -t overlay overlay "$3" -o "lowerdir=$1,upperdir=$run/rw/$2,workdir=$run/rw/$2.work"
}

enter() {
	mount -t tmpfs -o size=80% rw $run/rw
	overlay $run/lower root $run/root
	overlay $run/lower-src source $run/root/src
	mount -t proc proc $run/root/proc
	mount --rbind /sys $run/root/sys
	mount --rbind /dev $run/root/dev
	mount -t tmpfs -o mode=1777 tmp $run/root/tmp
	mkdir -p $run/root/workloads
	mount --bind "$here" $run/root/workloads
}

leave() {
	umount -R $run/root && umount $run/rw
}

# Whatever a workload has left running.
kill_all() {
	local process
	for process in /proc/[0-9]*; do
		[[ $(readlink "$process/root") != $run/root* ]] || kill -KILL "${process#/proc/}"
	done
	sleep 1
}

status=0
for name; do
	enter
	start=$SECONDS
	# shellcheck disable=SC2016 # the inner shell expands
	timeout -k 10 "${LIMIT:-1800}" chroot $run/root /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/bash -uo pipefail -c '. /workloads/$1.sh' sh "$name" \
		>$run/log 2>&1 </dev/null
	rc=$?
	# The last line of a workload is its result; all else is for who looks for a fault.
	text=$(sed -n '$s/^result: //p' $run/log)
	verdict=pass
	if [ $rc != 0 ] || [ -z "$text" ]; then
		verdict=fail status=1
		tail -n 40 $run/log | sed 's/^/# /'
		text=${text:-status $rc}
	fi
	echo "workload: $name $type $verdict $((SECONDS - start)) $text"
	# What it left behind keeps nothing busy.
	kill_all
	leave || { echo "# $name: the root is still busy"; status=1; break; }
done
umount $run/lower-src && umount $run/lower || status=1
[ "$type" != cofs ] || rmmod cofs || status=1
exit $status
