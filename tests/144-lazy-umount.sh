#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Files, mappings and programs outlive their mounts: umount -l, umount -f, a namespace that ends.
# unload
. "$(dirname "$0")/lib/guest.sh"

plan 6
orders=(one both reopen force namespace running)
texts=("one sharer" "both sharers" "opened anew through /proc" "umount -f"
	"a namespace whose process is killed" "a running program")
share=inode_share,domain_id=lazy

for i in "${!orders[@]}"; do
	if [ "$FS" != cofs ]; then skip "${texts[i]}" "the peer runs into a BUG"; continue; fi
	check "${texts[i]}" probe order lazy "${orders[i]}" "$FS" $share /dev/disk/cofs/a /dev/disk/cofs/b
done
