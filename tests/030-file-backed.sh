#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images in files, mounted without a loop device: as erofs has them, and not kept twice.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/differ.sh"

export BACKED_BY_FILE=1
cases=(default: block-512: chunk-1024: sparse: xattr-shared: no-inline: default:directio block-1024:directio)
plan $((${#cases[@]} * ${#facets[@]} + 14))

for case in "${cases[@]}"; do
	image=${case%%:*}
	options=${case#*:}
	name=$image${options:+ $options}
	differ "$name" "$options" "$IMAGES/p-$image.img"
done

# What is no image's source.
mkdir -p "$MNT/x" "$MNT/directory"
cp "$IMAGES/p-empty.img" /var/tmp/stacked.img	# the guest's root is an overlay
for source in "$MNT/directory" /dev/null /var/tmp/stacked.img "$MNT/absent"; do
	is "${source##*/} is refused" "$(errno_of mnt "" "$source" "$MNT/x")" \
		"$(errno_of mnt "" "$source" "$MNT/x" erofs)"
done
rm /var/tmp/stacked.img

# One copy of what a device and a file have in common, and none in the file's own cache.
share=inode_share,domain_id=file
disk=$(readlink -f /dev/disk/cofs/images)
window=/sys/class/block/${disk##*/}/queue/read_ahead_kb
was=$(<"$window")
echo 128 >"$window"	# what lies ahead of the last read may stay
drop_caches
mnt $share /dev/disk/cofs/a "$MNT/a"
mnt $share "$IMAGES/b.img" "$MNT/b"
like "the options are shown" "$(grep " $MNT/b " /proc/mounts)" "*inode_share*"
kept() { local pages; pages=$(probe cached "$IMAGES/b.img"); pages=${pages#*cached=}; echo "${pages%% *}"; }
before=$(kept)
probe consume read "$MNT/b/big" >/dev/null
if [ "$FS" = cofs ]; then
	is "read from the file, there for the device" "$(probe cached "$MNT/a/big")" "$(probe cached "$MNT/b/big")"
	like "pages in common" "$(probe samepage "$MNT/a/big" "$MNT/b/big")" "* same=4096"
else
	skip "read from the file, there for the device" peer
	skip "pages in common" peer
fi
echo "$was" >"$window"
diag "pages of the file in its own cache: $before before, $(kept) after"
# Some stay: those ahead of the last read, and those that another CPU was still listing.
at_most "pages kept in the file's cache, of 4096" $(($(kept) - before)) 1024
is "the file's mount goes first" "$(errno_of umnt "$MNT/b")" ok
check "the device's reads on" probe consume read "$MNT/a/big"
umnt "$MNT/a"

# An image that was cut: what lies behind the cut cannot be read, the rest can. Its file system
# can go as soon as it is unmounted.
size=$(stat -c %s "$IMAGES/p-no-inline.img")
truncate -s 64M /dev/shm/disk
mkfs.ext4 -q /dev/shm/disk
BACKED_BY_FILE= mount -o loop /dev/shm/disk "$MNT/directory"
head -c $((size / 4)) "$IMAGES/p-no-inline.img" >"$MNT/directory/cut.img"
mnt "" "$MNT/directory/cut.img" "$MNT/x"
like "a cut image, read in full" "$(probe consume read "$MNT/x/data/large")" "*EIO*"
check "a cut image, the directory" ls "$MNT/x/data"
umnt "$MNT/x"
is "the file system below" "$(errno_of umnt "$MNT/directory")" ok
rm /dev/shm/disk
check "the module can go" bash -c '[ "$(cat /sys/module/'"$FS"'/refcnt)" = 0 ]'
