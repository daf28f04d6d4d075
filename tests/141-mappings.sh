#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# madvise, mlock, mremap, fork and exec on mappings of shared files, while the other image goes.
# unload
. "$(dirname "$0")/lib/guest.sh"

plan 6
orders=(advise collapse lock remap fork exec)
texts=("every advice" "huge pages on demand" "locked pages" "moved mappings"
	"inherited mappings" "a running program")
share=inode_share,domain_id=mappings

for i in "${!orders[@]}"; do
	if [ "$FS" != cofs ]; then skip "${texts[i]}" "the peer runs into a BUG"; continue; fi
	output=$(probe order mapped "${orders[i]}" "$FS" $share /dev/disk/cofs/a /dev/disk/cofs/b 2>&1)
	rc=$?
	[ -z "$output" ] || diag "${orders[i]}: $output"
	is "${texts[i]}" $rc 0
done
