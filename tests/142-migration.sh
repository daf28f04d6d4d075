#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# mm moves, drops and reclaims pages by order while readers verify them and one sharer comes
# and goes.
# unload
. "$(dirname "$0")/lib/guest.sh"

: "${MIGRATION_LOOPS:=$((80 / SCALE))}"
plan 4
if [ "$FS" != cofs ]; then
	for text in compaction "pages moved" "caches dropped" "a group told to reclaim"; do
		skip "$text" "the peer runs into a BUG"
	done
	exit
fi

vmstat() {	# NAME
	local name value
	while read -r name value; do
		[ "$name" = "$1" ] && { echo "$value"; return; }
	done </proc/vmstat
}

# meanwhile DISTURBANCE: readers at work, with that function called again and again.
meanwhile() {
	local pid
	(while :; do "$1"; done) &
	pid=$!
	output=$(probe hammer "$FS" inode_share,domain_id=migration \
		/dev/disk/cofs/a /dev/disk/cofs/b "$MIGRATION_LOOPS" 2>&1)
	rc=$?
	kill $pid
	wait $pid 2>/dev/null
	diag "$1: $output"
}

# Compaction moves what lies at the start of a zone to holes at its end, which a pool of huge
# pages makes where there is one.
pool=/proc/sys/vm/nr_hugepages
compact() {
	[ ! -w $pool ] || { echo 100 >$pool; echo 0 >$pool; }
	echo 1 >/proc/sys/vm/compact_memory
	read -r -t 0.02 <> <(:)
}
migrated=$(vmstat pgmigrate_success)
meanwhile compact
is "compaction" $rc 0
migrated=$(($(vmstat pgmigrate_success) - migrated))
diag "$migrated pages moved"
at_least "pages moved" $migrated 1

drop() {
	local what
	for what in 1 2 3; do echo $what >/proc/sys/vm/drop_caches; done
}
meanwhile drop
is "caches dropped" $rc 0

group=/sys/fs/cgroup/migration
echo +memory >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
if mkdir "$group" 2>/dev/null && [ -w "$group/memory.reclaim" ]; then
	reclaim() {
		echo 4M >"$group/memory.reclaim"
		read -r -t 0.02 <> <(:)
	} 2>/dev/null
	output=$(echo $BASHPID >"$group/cgroup.procs"; meanwhile reclaim; exit $rc)
	rc=$?
	diag "${output#\# }"
	is "a group told to reclaim" $rc 0
	rmdir "$group"
else
	skip "a group told to reclaim" "no memory controller"
fi
