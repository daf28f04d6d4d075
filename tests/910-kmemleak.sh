#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's leak detector finds nothing that nobody points to. Last, after everything ran.
. "$(dirname "$0")/lib/guest.sh"

plan 1
file=/sys/kernel/debug/kmemleak
if ! [ -e $file ] || ! echo scan >$file 2>/dev/null; then
	skip "unreferenced objects" "no kmemleak in this kernel"
	exit
fi
# An object counts after two scans, and once it is some seconds old.
sleep 6
echo scan >$file
sleep 1
echo scan >$file
leaks=$(cat $file)
if [[ $leaks == *cofs* ]]; then not_ok "unreferenced objects" "$leaks"; else ok "unreferenced objects"; fi
[ -z "$leaks" ] || diag "$leaks"
