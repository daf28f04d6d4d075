#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# With sharing on, a file that is listed and never opened costs one inode and one dentry.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 4
share=inode_share,domain_id=objects
names=$((4000 / SCALE))
scratch
tree=$SCRATCH/tree
mkdir -p "$tree"
for ((i = 0; i < names; i++)); do
	echo "file $i" >"$tree/$i"
done
erofs_image "$SCRATCH/many.img" "$tree"
rm -r "$tree"
truncate -s %4096 "$SCRATCH/many.img"

# The kernel's own exact counts of inodes and dentries.
counted() {
	local inodes dentries _
	read -r inodes _ </proc/sys/fs/inode-nr
	read -r dentries _ </proc/sys/fs/dentry-state
	echo $((inodes + dentries))
}
# The same by slab, which also counts free objects that a CPU keeps.
slabs() {
	awk '$1 ~ /^(dentry|erofs_inode|inode_cache|cofs_inode|cofs_content)$/ { n += $2 } END { print n + 0 }' /proc/slabinfo
}
# objects TYPE OPTIONS: what `ls -lR` adds, by count and by slab.
objects() {
	local count slab
	mnt "$2" "$SCRATCH/many.img" "$MNT/m" "$1" || return
	settle
	# Lists once, so that the program itself is in memory, and forgets what it saw.
	ls -lR "$MNT/m" >/dev/null
	settle
	count=$(counted)
	slab=$(slabs)
	ls -lR "$MNT/m" >/dev/null
	# At once: reading the counts makes dentries, too.
	count=$(($(counted) - count))
	slab=$(($(slabs) - slab))
	echo "$count $slab"
	umnt "$MNT/m"
}

if ! ours; then
	diag "$FS: objects for $names names, by count and by slab: $(objects "$FS" $share)"
	skip_all peer "objects" "by slab" "as without sharing" "no content"
	umnt "$SCRATCH"
	exit
fi
peer=$(objects erofs $share)
contents=$(counter shared_inodes)
read -r plain _ < <(objects cofs "")
read -r count slab < <(objects cofs $share)
diag "erofs: objects for $names names, by count and by slab: $peer; not shared: $(objects erofs "")"
diag "cofs: $count $slab; not shared: $plain; of erofs's: $(awk -v c="$count" -v p="${peer% *}" 'BEGIN { printf "%.2f", p ? c / p : 0 }')"
# Two for each name; 0.55 of what one makes that has two more for each file.
at_most "objects" "$count" $((4 * names * 55 / 100))
at_most "by slab" "$slab" $((4 * names * 55 / 100))
at_most "as many as without sharing" "$count" $((plain + 200))
is "no content" "$(counter shared_inodes)" "$contents"
umnt "$SCRATCH"
