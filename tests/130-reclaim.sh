#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The shrinkers take inodes, contents and pages away while files are bound, read and unmounted.
. "$(dirname "$0")/lib/guest.sh"

: "${RECLAIM_LOOPS:=$((120 / SCALE))}"
plan 2
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b

if [ "$FS" != cofs ]; then
	skip "slab and pages reclaimed meanwhile" "the peer runs into a BUG"
	skip "short of memory" "the peer runs into a BUG"
	exit
fi

while :; do
	echo 2 >/proc/sys/vm/drop_caches
	sleep 0.05
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.1
done &
dropper=$!
output=$(probe hammer "$FS" inode_share,domain_id=reclaim $a $b "$RECLAIM_LOOPS" 2>&1)
rc=$?
kill $dropper
wait $dropper 2>/dev/null
diag "$output"
is "slab and pages reclaimed meanwhile" $rc 0

# A group with less memory than the files: its own reclaim evicts what it has just read.
group=/sys/fs/cgroup/reclaim
echo +memory >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
if mkdir "$group" 2>/dev/null && echo 48M >"$group/memory.max" 2>/dev/null; then
	drop_caches
	output=$(echo $BASHPID >"$group/cgroup.procs" &&
		probe hammer "$FS" inode_share,domain_id=reclaim $a $b $((RECLAIM_LOOPS / 4)) 2>&1)
	rc=$?
	diag "$output"
	diag "$(grep -E '^(max|oom_kill) ' "$group/memory.events" | tr '\n' ' ')"
	is "short of memory" $rc 0
	rmdir "$group"
else
	skip "short of memory" "no memory controller"
fi
