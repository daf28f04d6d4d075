#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The module goes right after heavy use, with content that lingers, and while the kernel still
# holds pages that were its files'.
# unload
. "$(dirname "$0")/lib/guest.sh"

: "${UNLOAD_LOOPS:=$((3 / SCALE + 1))}"
plan 4
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
share=inode_share,domain_id=unload-used
if [ "$FS" != cofs ]; then
	for text in "pages in pipes" "a file of a mount that is gone" "heavy use" "while caches are dropped"; do
		skip "$text" "cofs only"
	done
	exit
fi
load() { [ -d /sys/module/cofs ] || insmod "$TESTS/../cofs.ko"; }

check "pages in pipes" probe order unload pinned "$FS" $share $a $b
load
check "a file of a mount that is gone" probe order unload busy "$FS" $share $a $b
load

rounds() {
	local i
	for ((i = 0; i < UNLOAD_LOOPS; i++)); do
		probe hammer "$FS" $share $a $b 3 && rmmod cofs && load || return
	done
}
check "heavy use" rounds
(while :; do echo 3 >/proc/sys/vm/drop_caches; done) &
dropper=$!
check "while caches are dropped" rounds
kill $dropper
wait $dropper 2>/dev/null
load
