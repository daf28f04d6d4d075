#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Whoever watches a mount by fanotify(7) is told of its errors, with the file that they concern;
# where another image has the same file, of those of the image that failed.
. "$(dirname "$0")/lib/guest.sh"

plan 14
b=/dev/disk/cofs/b
size=$(blockdev --getsz $b)
table() { dmsetup suspend --noflush --nolockfs shaky && dmsetup load shaky --table "$1" && dmsetup resume shaky; }
fails() { table "0 $size error"; }
works() { table "0 $size linear $b 0"; }
told() { probe fserror "$@" 2>&1; }
# With cofs the device's own page cache must not have what the test wants to fail.
sharing() {	# TYPE
	works
	mnt inode_share,domain_id=fserror /dev/disk/cofs/a "$MNT/a" "$1"
	mnt inode_share,domain_id=fserror /dev/mapper/shaky "$MNT/b" "$1"
	ls -lR "$MNT/b" >/dev/null
	head -c 1 "$MNT/a/big" "$MNT/b/big" "$MNT/b/differs" >/dev/null
	probe evict "$MNT/b/big" >/dev/null
	probe evict "$MNT/b/differs" >/dev/null
	drop_caches 1
}
unshare() { umnt "$MNT/a"; umnt "$MNT/b"; }

if [[ $(told "$IMAGES" -- true) == *ENOSYS* ]]; then
	skip_rest errors "no fanotify"
fi
modprobe -q dm_mod
dmsetup create shaky --readonly --table "0 $size linear $b 0"
dmsetup mknodes shaky	# there is no udev

for case in first-name-offset-zero entry-nid-beyond; do
	# Each in a file of its own: a loop device that is slow to go has pages of the one before.
	damaged=/run/$case.img
	probe damage-one "$IMAGES/h-default.img" "$damaged" $case
	if [ "$FS" = cofs ]; then
		mnt "" "$damaged" "$MNT/d" erofs
		diag "erofs: $case: $(told "$MNT/d" -- ls -l "$MNT/d")"
		umnt "$MNT/d"
	fi
	mnt "" "$damaged" "$MNT/d"
	answer=$(told "$MNT/d" -- ls -l "$MNT/d")
	case $case in
	first*) is "a damaged directory" "$answer" "EUCLEAN ." ;;
	*) like "a name that leads nowhere" "$answer" "E* unknown *" ;;
	esac
	umnt "$MNT/d"
	rm "$damaged"
done

if [ "$FS" = cofs ]; then
	sharing erofs
	fails
	diag "erofs: both images, one fails:" \
		"$(told "$MNT/a" "$MNT/b" -- cat "$MNT/b/big" | tr '\n' ';')"
	unshare
fi

sharing "$FS"
is "nothing to tell" "$(told "$MNT/a" "$MNT/b" -- cat "$MNT/b/small/000")" $'none\nnone'
fails
is "the image that failed, though another one supplied" \
	"$(told "$MNT/a" "$MNT/b" -- cat "$MNT/b/big")" $'none\nEIO big'
is "with the right bytes" "$(md5sum <"$MNT/b/big")" "$(md5sum <"$MNT/a/big")"
is "a file that only it has" "$(told "$MNT/a" "$MNT/b" -- cat "$MNT/b/differs")" $'none\nEIO differs'
is "direct" "$(told "$MNT/b" -- dd if="$MNT/b/differs" of=/dev/null iflag=direct bs=4096 count=1)" \
	"EIO differs"
probe evict "$MNT/b/big" >/dev/null
is "mapped" "$(told "$MNT/b" -- "$PROBE" consume mmap "$MNT/b/differs")" "EIO differs"
if [ "$FS" = cofs ]; then
	at_least "counted" "$(counter dm-0/errors)" 2
	a=$(readlink -f /dev/disk/cofs/a)
	is "not where it went well" "$(counter "${a##*/}/errors")" 0
	at_least "but that it helped" "$(counter "${a##*/}/failovers")" 1
else
	for i in 1 2 3; do skip "counters $i" peer; done
fi
told "$MNT/b" -- cat "$MNT/b/differs" >/dev/null &
check "umount while errors are told" umnt "$MNT/a"
wait
umnt "$MNT/b"
dmsetup remove shaky

# An image in a file that is cut, on a file system that such an image may lie on.
truncate -s 64M /dev/shm/disk
mkfs.ext4 -q -O ^has_journal /dev/shm/disk
mkdir -p "$MNT/disk"
mount -o loop /dev/shm/disk "$MNT/disk"
head -c $((size * 256)) $b >"$MNT/disk/cut.img"
BACKED_BY_FILE=1 mnt "" "$MNT/disk/cut.img" "$MNT/f"
is "an image in a file" "$(told "$MNT/f" -- cat "$MNT/f/big")" "EIO big"
check "whose umount" umnt "$MNT/f"
umnt "$MNT/disk"
rm /dev/shm/disk
