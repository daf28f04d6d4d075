#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# containerd with its erofs snapshotter on cofs: two containers of two images that have no layer in common.
# What it gets are the examples of the documentation, as they are. With FS=erofs the same on the in-tree module.
. "$(dirname "$0")/../lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 15
examples=$TESTS/../examples
mount -o ro /dev/disk/cofs/containerd /mnt
export PATH=/mnt/usr/bin:/mnt/usr/sbin:$PATH
log=/run/containerd.log

# until_ok SECONDS COMMAND...
until_ok() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 1
	done
}
run() { timeout 240 ctr --timeout 200s "$@" </dev/null; }
# in CONTAINER COMMAND...
inside() { run task exec --exec-id "exec-$RANDOM" "$@" 2>&1; }
running() { run tasks ls | grep -q "$1 .*RUNNING"; }
# How many bytes are read of all files of a container.
all='s=0; for f in /bin/busybox /usr/lib/*; do cat $f; done | cat | busybox wc -c'

modprobe -q loop
modprobe -q overlay
# The words of modprobe.d's line of options.
read -r _ _ options < <(grep '^options cofs ' "$examples/modprobe.conf")
if ours; then
	rmmod erofs 2>/dev/null
	# shellcheck disable=SC2086
	check "cofs as erofs" insmod "$TESTS/../cofs.ko" $options
else
	check "the in-tree module" modprobe erofs
fi

# Its images must lie on a file system that may hold some.
truncate -s 900M /dev/shm/containerd
mke2fs -q -t ext4 -O ^has_journal -m 0 /dev/shm/containerd
mkdir -p /var/lib/containerd /etc/containerd
mount -o loop /dev/shm/containerd /var/lib/containerd
cp "$examples/containerd.toml" /etc/containerd/config.toml
containerd >$log 2>&1 &
daemon=$!
check "containerd answers" until_ok 240 run version
like "the snapshotter is there" "$(run plugins ls | grep 'snapshotter.*erofs')" "*ok*"
for i in 1 2; do
	check "image $i is imported and unpacked" run images import --local --snapshotter erofs /mnt/app-$i.tar
done
# What is still to be written to the disk grows the page cache, too: it is in memory.
sync
before=$(meminfo Cached)
for i in 1 2; do
	check "container $i starts" run run --detach --null-io --snapshotter erofs "example.org/app-$i:latest" "c$i"
	check "container $i runs" until_ok 60 running "c$i"
done
layers=$(grep -c ' - erofs .*layer.erofs ro' /proc/self/mountinfo)
is "layers that are mounted from files" "$layers" 4
is "an own file of the first" "$(inside c1 /bin/busybox head -n 1 /app/run)" "application 1"
bytes=$(inside c1 /bin/sh -c "$all")
grown=$(($(meminfo Cached) - before))
is "the second reads as much as the first" "$(inside c2 /bin/sh -c "$all")" "$bytes"
again=$(($(meminfo Cached) - before - grown))
diag "each container read $bytes bytes"
diag "page cache grew by $grown KiB for the first, by $again KiB for the second"
if ours; then
	at_most "page cache for the second (KiB)" $again $((grown / 4))
	at_least "bytes saved" "$(counter saved_bytes)" $((bytes * 9 / 10))
	diag "$(cofsctl status)"
else
	skip_all "cofs only" "page cache for the second (KiB)" "bytes saved"
fi
for i in 1 2; do
	run task kill --signal KILL "c$i" >/dev/null
done
until_ok 60 run task delete c1
until_ok 60 run task delete c2
run container delete c1 c2
run images rm --sync example.org/app-1:latest example.org/app-2:latest >/dev/null
kill $daemon
wait $daemon 2>/dev/null
check "nothing is mounted when the images are gone" sh -c '! grep -q " - erofs " /proc/self/mountinfo'
[ $ktap_failed = 0 ] || diag "$(tail -n 40 $log)"
