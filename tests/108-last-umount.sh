#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Content outlives the last umount, and the next mount of it reads nothing: device, file, chunks.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 10
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
share=inode_share,domain_id=last

left() {	# TYPE: pages of big there for b after a has read it and is gone
	drop_caches
	mnt $share $a "$MNT/a" "$1" && probe consume read "$MNT/a/big" >/dev/null && umnt "$MNT/a" || return
	mnt $share $b "$MNT/b" "$1"
	resident "$MNT/b/big"
	umnt "$MNT/b"
}
names=("pages after the last umount" "of another image: adopted" "without reading the device"
	"after slab pressure" "right bytes" "chunks" "chunks: bytes" "an image in a file"
	"an image in a file: bytes" "the file can be removed")
if ! ours; then
	diag "$FS: $(left "$FS") of 4096 pages left"
	skip_all peer "${names[@]}"
	exit
fi
diag "erofs: $(left erofs) of 4096 pages left"

mnt $share $a "$MNT/a"
want=$(md5sum <"$MNT/a/big")
umnt "$MNT/a"
for _ in 1 2 3; do drop_caches 2; done
adoptions=$(counter adoptions)
at_least "${names[0]}" "$(counter lingering_pages)" 4096
mnt $share $b "$MNT/b"
# The name is looked up before the count begins.
stat "$MNT/b/big" >/dev/null
sectors=$(sectors_read $b)
got=$(cached "$MNT/b/big")
is "${names[3]}" "$got" 4096
is "${names[1]}" $(($(counter adoptions) - adoptions)) 1
got=$(md5sum <"$MNT/b/big")
# Its fingerprint.
at_most "${names[2]}" $(($(sectors_read $b) - sectors)) 64
is "${names[4]}" "$got" "$want"
umnt "$MNT/b"

# The same file by an image of chunks, and by one that is a file.
scratch_disk
tree=$SCRATCH/tree
mkdir -p "$tree"
mnt "" $a "$MNT/a"
cp "$MNT/a/tailed" "$tree/tailed"
umnt "$MNT/a"
want=$(md5sum <"$tree/tailed")
erofs_image "$SCRATCH/chunks.img" "$tree" --chunksize=4096
erofs_image "$SCRATCH/plain.img" "$tree"
echo 1 >/sys/fs/cofs/drop_content
mnt $share "$SCRATCH/chunks.img" "$MNT/c"
probe consume read "$MNT/c/tailed" >/dev/null
umnt "$MNT/c"
mnt $share $b "$MNT/b"
is "${names[5]}" "$(cached "$MNT/b/tailed")" 257
is "${names[6]}" "$(md5sum <"$MNT/b/tailed")" "$want"
umnt "$MNT/b"

echo 1 >/sys/fs/cofs/drop_content
BACKED_BY_FILE=1 mnt $share "$SCRATCH/plain.img" "$MNT/f"
probe consume read "$MNT/f/tailed" >/dev/null
umnt "$MNT/f"
mnt $share $b "$MNT/b"
is "${names[7]}" "$(cached "$MNT/b/tailed")" 257
is "${names[8]}" "$(md5sum <"$MNT/b/tailed")" "$want"
check "${names[9]}" rm "$SCRATCH/plain.img" "$SCRATCH/chunks.img"
umnt "$MNT/b"
umnt "$SCRATCH"
