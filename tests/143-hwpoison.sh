#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Memory errors under shared pages: dropped, filled again, and nobody is killed.
# unload
. "$(dirname "$0")/lib/guest.sh"

plan 2
share=inode_share,domain_id=poison
order() { probe order poison "$1" "$FS" $share /dev/disk/cofs/a /dev/disk/cofs/b 2>&1; }

if [ "$FS" != cofs ] || ! output=$(order supported); then
	skip "an uncorrected error" "no memory failures: ${output:-cofs only}"
	skip "a page taken offline" "no memory failures: ${output:-cofs only}"
	exit
fi
corrupted=$(meminfo HardwareCorrupted)
check "an uncorrected error" order hard
check "a page taken offline" order soft
diag "taken out of use: $(($(meminfo HardwareCorrupted) - corrupted)) KiB"
