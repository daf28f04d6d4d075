#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# An image that claims another file's fingerprint. Within a domain fingerprints are trusted: only
# a check of the content (verify) can tell.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 3
scratch
tree=$SCRATCH/tree
mkdir -p "$tree"
for ((i = 0; i < 500; i++)); do echo "line $i of the true file"; done >"$tree/file"
erofs_image "$SCRATCH/true.img" "$tree" -Enosbcrc
# The same claim, another content of the same length.
LC_ALL=C sed 's/true file/lies here/' "$SCRATCH/true.img" >"$SCRATCH/false.img"
want=$(md5sum <"$tree/file")
rm -r "$tree"

# served TYPE OPTIONS: what the true image's reader gets after the liar was read.
served() {
	local got
	drop_caches
	mnt "$2,domain_id=liars" "$SCRATCH/false.img" "$MNT/false" "$1" || return
	mnt "$2,domain_id=${3:-liars}" "$SCRATCH/true.img" "$MNT/true" "$1" || return
	probe consume read "$MNT/false/file" >/dev/null
	got=$(md5sum <"$MNT/true/file")
	if [ "$got" = "$want" ]; then echo "its own bytes"; else echo "foreign bytes"; fi
	umnt "$MNT/true"
	umnt "$MNT/false"
}
diag "erofs: $(served erofs inode_share)"
if ours; then
	diag "cofs: $(served cofs inode_share)"
	is "the liar's domain is another" "$(served cofs inode_share honest)" "its own bytes"
	is "no sharing" "$(served cofs noinode_share)" "its own bytes"
	is "verify refuses it" "$(served cofs inode_share,share=verify)" "its own bytes"
else
	skip_all peer "the liar's domain is another" "no sharing" "verify refuses it"
fi
umnt "$SCRATCH"
