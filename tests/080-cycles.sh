#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Two hundred mounts and unmounts leave nothing behind.
. "$(dirname "$0")/lib/guest.sh"

: "${CYCLES:=$((200 / SCALE))}"
plan 5

objects() {	# CACHE: active objects of a slab cache
	local name active _
	while read -r name active _; do
		[ "$name" = "$1" ] && { echo "$active"; return; }
	done </proc/slabinfo
	echo none
}

image=$IMAGES/h-default.img
cycle() { probe cycle "$@" "$image" "$rounds" 2>&1; }

# The first rounds fill per-CPU lists and caches that stay.
rounds=$((CYCLES / 4))
first=$(cycle "$FS" "")
peer=$(cycle erofs "")
diag "erofs: $peer; $FS: $first"
settle
inodes=$(objects "${FS}_inode")
free=$(meminfo MemFree)
slab=$(meminfo SUnreclaim)
rounds=$CYCLES
check "$CYCLES mounts" cycle "$FS" ""
image=$IMAGES/p-fingerprint.img
rounds=$((CYCLES / 8))
check "$rounds sharing mounts" cycle "$FS" inode_share,domain_id=cycle
settle
diag "inodes $inodes to $(objects "${FS}_inode"), free $free to $(meminfo MemFree) KiB," \
	"unreclaimable slab $slab to $(meminfo SUnreclaim) KiB"
at_most "inodes left" "$(objects "${FS}_inode")" "$inodes"
# With its checkers the kernel itself takes memory as it goes; leaks are 910-kmemleak's there.
if grep -qm1 ' kasan_report$' /proc/kallsyms; then
	skip "memory lost (KiB)" "KASAN takes some"
else
	at_most "memory lost (KiB)" $((free - $(meminfo MemFree))) 6144
fi
at_most "slab grown (KiB)" $(($(meminfo SUnreclaim) - slab)) 2048
