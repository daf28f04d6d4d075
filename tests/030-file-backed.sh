#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images in files, mounted without a loop device: as erofs has them, and not kept twice.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/differ.sh"

export BACKED_BY_FILE=1
cases=(default: block-512: chunk-1024: sparse: xattr-shared: no-inline: default:directio block-1024:directio)
plan $((${#cases[@]} * ${#facets[@]} + 21))

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

# Room for images that a mount may have as its source.
truncate -s 96M /dev/shm/disk
mkfs.ext4 -q -O ^has_journal -m 0 /dev/shm/disk
mount -o loop /dev/shm/disk "$MNT/directory"

# An image in a file of an image: one on a device may hold it, one in a file may not, whichever
# of the two file systems that is.
mkdir "$MNT/tree"
cp "$IMAGES/p-empty.img" "$MNT/tree/inner.img"
mkfs.erofs --quiet "$MNT/directory/outer.img" "$MNT/tree" >/dev/null
rm -r "$MNT/tree"
nested() {	# SOURCE OUTER INNER
	mnt "" "$1" "$MNT/outer" "$2"
	errno_of mnt "" "$MNT/outer/inner.img" "$MNT/x" "$3"
	umnt "$MNT/x" >/dev/null
	umnt "$MNT/outer"
}
device=$(losetup --find --show --read-only "$MNT/directory/outer.img")
for outer in "$FS" erofs; do
	for source in "$MNT/directory/outer.img" "$device"; do
		want=$([ "$source" = "$device" ] && echo ok || echo ENOTBLK)
		is "an image on $outer on ${source##*/}" "$(nested "$source" "$outer" "$FS")" $want
		diag "erofs: on $outer on ${source##*/}: $(nested "$source" "$outer" erofs)"
	done
done
losetup -d "$device"
rm "$MNT/directory/outer.img"

# Who reads is judged by the mount alone: the image's file is read as who mounted it.
head -c 32M /dev/disk/cofs/b >"$MNT/directory/b.img"
chmod 600 "$MNT/directory/b.img"
mnt "" /dev/disk/cofs/b "$MNT/x"
big=$(md5sum <"$MNT/x/big")
umnt "$MNT/x"
mnt "" "$MNT/directory/b.img" "$MNT/x"
drop_caches 1
user() { setpriv --reuid 1000 --regid 1000 --clear-groups "$@" 2>&1; }
like "the image is for root" "$(user cat "$MNT/directory/b.img" | head -c 200)" "*Permission denied*"
is "what it holds is for all" "$(user cat "$MNT/x/big" | md5sum)" "$big"
umnt "$MNT/x"

# One copy of what a device and a file have in common, and none in the file's own cache.
share=inode_share,domain_id=file
disk=$(readlink -f /dev/disk/cofs/images)
window=/sys/class/block/${disk##*/}/queue/read_ahead_kb
was=$(<"$window")
echo 128 >"$window"	# what lies ahead of the last read may stay
cached() { local pages; pages=$(probe cached "$IMAGES/b.img"); pages=${pages#*cached=}; echo "${pages%% *}"; }
kept() {	# TYPE OPTIONS: pages of the image that reading 4096 leaves in the cache of its file
	local before
	drop_caches
	mnt "$2" "$IMAGES/b.img" "$MNT/b" "$1"
	before=$(cached)
	probe consume read "$MNT/b/big" >/dev/null
	echo $(($(cached) - before))
	umnt "$MNT/b"
}
diag "erofs: pages kept in the file's cache: $(kept erofs ""), with directio $(kept erofs directio)"
pages=$(kept "$FS" "") direct=$(kept "$FS" directio)
diag "$FS: pages kept in the file's cache: $pages, with directio $direct"
if [ "$FS" = cofs ]; then
	# Some stay: those ahead of the last read, and those that another CPU was still listing.
	at_most "pages kept in the file's cache, of 4096" "$pages" 256
else
	skip "pages kept in the file's cache" peer
fi
at_most "pages kept with directio" "$direct" 0
drop_caches
mnt $share /dev/disk/cofs/a "$MNT/a"
mnt $share "$IMAGES/b.img" "$MNT/b"
like "the options are shown" "$(grep " $MNT/b " /proc/mounts)" "*inode_share*"
probe consume read "$MNT/b/big" >/dev/null
if [ "$FS" = cofs ]; then
	is "read from the file, there for the device" "$(probe cached "$MNT/a/big")" "$(probe cached "$MNT/b/big")"
	like "pages in common" "$(probe samepage "$MNT/a/big" "$MNT/b/big")" "* same=4096"
else
	skip "read from the file, there for the device" peer
	skip "pages in common" peer
fi
echo "$was" >"$window"
is "the file's mount goes first" "$(errno_of umnt "$MNT/b")" ok
check "the device's reads on" probe consume read "$MNT/a/big"
umnt "$MNT/a"

# An image that was cut: what lies behind the cut cannot be read, the rest can. Its file system
# can go as soon as it is unmounted.
size=$(stat -c %s "$IMAGES/p-no-inline.img")
head -c $((size / 4)) "$IMAGES/p-no-inline.img" >"$MNT/directory/cut.img"
mnt "" "$MNT/directory/cut.img" "$MNT/x"
like "a cut image, read in full" "$(probe consume read "$MNT/x/data/large")" "*EIO*"
check "a cut image, the directory" ls "$MNT/x/data"
umnt "$MNT/x"
is "the file system below" "$(errno_of umnt "$MNT/directory")" ok
rm /dev/shm/disk
check "the module can go" bash -c '[ "$(cat /sys/module/'"$FS"'/refcnt)" = 0 ]'
