#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# One sharer comes and goes while four threads read and map the other's files.
# quick
. "$(dirname "$0")/lib/guest.sh"

: "${LOOPS:=$((1000 / SCALE))}"
[ -z "$QUICK" ] || LOOPS=25
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
plan 2

if [ "$FS" != cofs ]; then
	skip "the second sharer goes" "the peer runs into a BUG"
	skip "the first sharer goes" "the peer runs into a BUG"
	exit
fi
drop_caches
output=$(probe hammer "$FS" inode_share,domain_id=race $a $b "$LOOPS" 2>&1)
rc=$?
diag "$output"
is "the second sharer goes" $rc 0
output=$(probe hammer "$FS" inode_share,domain_id=race $b $a $((LOOPS / 5)) 2>&1)
rc=$?
diag "$output"
is "the first sharer goes" $rc 0
