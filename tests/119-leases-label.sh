#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Leases and FS_IOC_GETFSLABEL work on shared files.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 3
share=inode_share,domain_id=leases
scratch
tree=$SCRATCH/tree
mkdir -p "$tree"
head -c 5000 /usr/bin/bash >"$tree/file"
erofs_image "$SCRATCH/label.img" "$tree" -Llabelled
rm -r "$tree"

# asked TYPE OPTIONS: "LEASE LABEL", each an errno or the answer.
asked() {
	mnt "$2" "$SCRATCH/label.img" "$MNT/l" "$1" || return
	probe lease-label "$MNT/l/file"
	umnt "$MNT/l"
}
if ! ours; then
	diag "$FS: shared $(asked "$FS" $share), not shared $(asked "$FS" "")"
	skip_all peer "a lease" "the label" "not shared"
	umnt "$SCRATCH"
	exit
fi
diag "erofs: shared $(asked erofs $share), not shared $(asked erofs "")"
shared=$(asked cofs $share)
like "a lease" "$shared" "lease=read *"
like "the label" "$shared" "* label=labelled"
is "not shared" "$(asked cofs "")" "$shared"
umnt "$SCRATCH"
