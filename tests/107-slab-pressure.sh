#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The inode shrinker takes the inodes of images; the pages stay until reclaim wants pages.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 10
a=/dev/disk/cofs/a
share=inode_share,domain_id=slab

slab_pressure() { local i; for i in 1 2 3 4 5; do drop_caches 2; done; }
# left TYPE OPTIONS: pages left of a file that nobody has open.
left() {
	drop_caches
	mnt "$2" $a "$MNT/a" "$1" || return
	probe consume read "$MNT/a/big" >/dev/null
	slab_pressure
	resident "$MNT/a/big"
	umnt "$MNT/a"
}

names=("pages after slab pressure" "inodes of images are gone" "content lingers"
	"it is adopted" "without reading the device" "right bytes"
	"a group short of memory for names" "the page cache's own pressure" "content without pages goes"
	"and is read anew")
if ! ours; then
	diag "$FS: shared $(left "$FS" $share), not shared $(left "$FS" "") of 4096 pages left"
	skip_all peer "${names[@]}"
	exit
fi
diag "erofs: shared $(left erofs $share), not shared $(left erofs "") of 4096 pages left"
diag "cofs: not shared $(left cofs "") of 4096 pages left"

echo 1 >/sys/fs/cofs/drop_content
drop_caches
contents=$(counter shared_inodes)
mnt $share $a "$MNT/a"
probe consume read "$MNT/a/big" >/dev/null
want=$(md5sum <"$MNT/a/big")
slab_pressure
is "${names[1]}" "$(counter sharers)" 0
at_least "${names[2]}" "$(counter lingering_pages)" 4096
adoptions=$(counter adoptions)
sectors=$(sectors_read $a)
is "${names[0]}" "$(cached "$MNT/a/big")" 4096
is "${names[3]}" $(($(counter adoptions) - adoptions)) 1
got=$(md5sum <"$MNT/a/big")
# A directory's block may be read again to find the name.
at_most "${names[4]}" $(($(sectors_read $a) - sectors)) 64
is "${names[5]}" "$got" "$want"

# Names and inodes beyond what the group may have: its reclaim runs all shrinkers.
group=/sys/fs/cgroup/slab
echo +memory >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
if mkdir "$group" 2>/dev/null && echo 8M >"$group/memory.max" 2>/dev/null; then
	# shellcheck disable=SC2030 # a process of its own enters the group
	(echo $BASHPID >"$group/cgroup.procs" && exec find /usr "$MNT/a" -size +1000000k) >/dev/null 2>&1
	is "${names[6]}" "$(cached "$MNT/a/big")" 4096
	rmdir "$group"
else
	skip "${names[6]}" "no memory controller"
fi

umnt "$MNT/a"
drop_caches 1
is "${names[7]}" "$(counter lingering_pages)" 0
slab_pressure
is "${names[8]}" "$(counter shared_inodes)" "$contents"
mnt $share $a "$MNT/a"
is "${names[9]}" "$(md5sum <"$MNT/a/big")" "$want"
umnt "$MNT/a"
