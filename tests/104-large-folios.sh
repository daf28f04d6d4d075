#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Shared files are cached in large folios, as others are.
. "$(dirname "$0")/lib/guest.sh"

plan 3
if [ ! -d /sys/kernel/mm/transparent_hugepage ]; then
	for text in "not shared" "shared" "shared as not shared"; do skip "$text" "a kernel without large folios"; done
	exit
fi
a=/dev/disk/cofs/a

large() {	# TYPE OPTIONS: pages of a file of 4096 that lie in large folios
	local out
	drop_caches
	mnt "$2" $a "$MNT/a" "$1" || return
	probe consume read "$MNT/a/big" >/dev/null
	out=$(probe folios "$MNT/a/big" 2>&1)
	umnt "$MNT/a"
	echo "${out##*large=}"
}
plain=$(large "$FS" "")
shared=$(large "$FS" inode_share,domain_id=folios)
diag "erofs: $(large erofs "") not shared, $(large erofs inode_share,domain_id=folios) shared"
diag "$FS: $plain not shared, $shared shared"
at_least "not shared" "$plain" 3900
if [ "$FS" = cofs ]; then
	at_least "shared" "$shared" 3900
	at_least "shared as not shared" "$shared" $((plain - 64))
else
	skip "shared" "peer"
	skip "shared as not shared" "peer"
fi
