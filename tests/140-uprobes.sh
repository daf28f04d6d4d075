#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Uprobes in a shared program: each image's events are hit by its own processes, in every order
# with open, run and umount.
# unload
. "$(dirname "$0")/lib/guest.sh"

plan 7
orders=(before after never both umount-other umount-own toggle)
texts=("registered before the first open" "registered while it runs" "registered and never opened"
	"both images at once" "the other image goes" "the own image goes lazily"
	"registered and not, without end")
share=inode_share,domain_id=uprobes
order() { probe order uprobe "$1" "${2:-$FS}" $share /dev/disk/cofs/a /dev/disk/cofs/b; }

if [ "$FS" != cofs ] || [ ! -e /sys/kernel/tracing/uprobe_events ]; then
	for text in "${texts[@]}"; do skip "$text" "cofs on a kernel with uprobe events only"; done
	exit
fi
diag "erofs: $(order hits erofs 2>&1)"
diag "cofs: $(order hits 2>&1)"
for i in "${!orders[@]}"; do check "${texts[i]}" order "${orders[i]}"; done
