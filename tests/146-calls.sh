#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# System calls on shared files that do more than read, and mounts that go below them.
# unload
. "$(dirname "$0")/lib/guest.sh"

plan 8
orders=(readahead refused loop loop-direct extents aio ring ring-cached)
texts=("readahead" "swapon, fs-verity, writers are refused" "loop devices" "loop devices, direct"
	"extents" "io_submit" "io_uring" "io_uring, cached pages")
share=inode_share,domain_id=calls

if [ "$FS" = cofs ]; then
	diag "erofs: ring-cached: $(probe order calls ring-cached erofs $share /dev/disk/cofs/a /dev/disk/cofs/b 2>&1)"
fi
for i in "${!orders[@]}"; do
	if [ "$FS" != cofs ]; then skip "${texts[i]}" "the peer runs into a BUG"; continue; fi
	output=$(probe order calls "${orders[i]}" "$FS" $share /dev/disk/cofs/a /dev/disk/cofs/b 2>&1)
	rc=$?
	[ -z "$output" ] || diag "${orders[i]}: $output"
	is "${texts[i]}" $rc 0
done
