#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# cachestat(2) and mincore(2) see the shared pages.
. "$(dirname "$0")/lib/guest.sh"

plan 4
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b

seen() {	# TYPE: the second sharer's view after the first has read it all
	drop_caches
	mnt inode_share,domain_id=stat $a "$MNT/a" "$1" || return
	mnt inode_share,domain_id=stat $b "$MNT/b" "$1" || return
	probe consume read "$MNT/a/big" >/dev/null
	probe cached "$MNT/a/big" 2>&1
	probe cached "$MNT/b/big" 2>&1
	probe cached "$MNT/b/differs" 2>&1
	umnt "$MNT/a"
	umnt "$MNT/b"
}
if [ "$FS" != cofs ]; then
	diag "$FS: $(seen "$FS")"
	for i in 1 2 3 4; do skip "cachestat $i" "peer"; done
	exit
fi
diag "erofs: $(seen erofs)"
mapfile -t lines < <(seen "$FS")
diag "$FS: ${lines[*]}"
like "the first sharer" "${lines[0]}" "pages=4096 cached=4096 *"
like "the second sharer, which has read nothing" "${lines[1]}" "pages=4096 cached=4096 *"
like "mincore of the second sharer" "${lines[1]}" "*resident=4096 *"
like "a file that nobody has read" "${lines[2]}" "pages=512 cached=0 *"
