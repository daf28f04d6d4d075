#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As the lower layer of overlayfs: reading, copying up, whiteouts, renames.
. "$(dirname "$0")/lib/guest.sh"

plan 16
lower=$MNT/lower
merged=$MNT/merged
mkdir -p "$MNT/upper" "$MNT/work"
mnt "" "$IMAGES/p-default.img" "$lower" || exit 1

is "mount" "$(errno_of mnt "rw,lowerdir=$lower,upperdir=$MNT/upper,workdir=$MNT/work" overlay "$merged" overlay)" ok
check "content through the overlay" cmp "$lower/data/large" "$merged/data/large"
check "symlink" test "$(readlink "$merged/symlinks/link-0")" = ../sizes/100
is "device node" "$(stat -c %t:%T "$merged/special/null")" 1:3
check "write copies up" bash -c "echo more >>'$merged/data/linked'"
is "copied up content" "$(tail -c 5 "$merged/data/linked")" more
check "the lower file is as it was" test "$(stat -c %s "$lower/data/linked")" = 5000
check "unlink" rm "$merged/sizes/100"
is "the name is gone" "$(ls "$merged/sizes" | grep -cx 100)" 0
check "rename of a file" mv "$merged/sizes/4096" "$merged/sizes/renamed"
check "the renamed file's content" cmp "$lower/sizes/4096" "$merged/sizes/renamed"
check "attributes come along" test "$(getfattr --absolute-names --only-values -n user.common "$merged/xattr/file-1")" \
	= "the same on every file, so that it is worth sharing"
umnt "$merged"

# File handles of the lower layer: an index that lasts, and exports. Overlayfs turns both off
# where the lower filesystem has no handles.
mkdir -p "$MNT/upper-2" "$MNT/work-2"
indexed=rw,index=on,nfs_export=on,lowerdir=$lower,upperdir=$MNT/upper-2,workdir=$MNT/work-2
is "mount with an index" "$(errno_of mnt "$indexed" overlay "$merged" overlay)" ok
like "the index stays on" "$(grep " $merged " /proc/mounts)" "*nfs_export=on*"
echo more >>"$merged/data/linked"
is "copied up under one name, read under the other" "$(tail -c 5 "$merged/data/link-1")" more
umnt "$merged"
mnt "$indexed" overlay "$merged" overlay
is "and after the next mount" "$(tail -c 5 "$merged/data/link-1")" more
umnt "$merged"
umnt "$lower"
