#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Hostile mount options: each in every form of fsconfig(2), empty, binary and huge; contradictions
# and repetitions; pages of junk through mount(2); reconfigurations in any order.
. "$(dirname "$0")/lib/guest.sh"

image=$IMAGES/p-fingerprint.img
groups=(forms combined old)
plan $((${#groups[@]} + 1))

for group in "${groups[@]}"; do
	check "$group" probe options "$group" "$FS" "$image" 0
	[ "$FS" = erofs ] ||
		diag "erofs, $group: $(probe options "$group" erofs "$image" 0 2>&1 | grep -c '^#') answers differ"
done

if [ "$FS" = erofs ]; then
	skip reconfigured "a remount with inode_share oopses"
else
	check reconfigured probe options reconfigured "$FS" "$image" $((200 / SCALE))
fi
