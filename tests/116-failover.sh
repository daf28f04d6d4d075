#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The device below one image is too short, fails, or fails now and then; another image has the
# same file.
. "$(dirname "$0")/lib/guest.sh"

plan 18
counted() { [ "$FS" != cofs ] || counter failovers; }
mnt "" /dev/disk/cofs/a "$MNT/a"
big=$(md5sum <"$MNT/a/big") tailed=$(md5sum <"$MNT/a/tailed")
umnt "$MNT/a"
mnt "" /dev/disk/cofs/b "$MNT/b"
own=$(md5sum <"$MNT/b/differs")
umnt "$MNT/b"

# The short device's image has the file as the last: the peer reads from that one, whoever asks.
size=$(blockdev --getsz /dev/disk/cofs/b)
head -c $((size * 256)) /dev/disk/cofs/b >"$MNT/half.img"
half=$(losetup --find --show --read-only "$MNT/half.img")
short() {	# TYPE
	mnt inode_share,domain_id=short /dev/disk/cofs/a "$MNT/a" "$1"
	head -c 1 "$MNT/a/big" >/dev/null
	mnt inode_share,domain_id=short "$half" "$MNT/b" "$1"
	head -c 1 "$MNT/b/big" >/dev/null
	drop_caches 1
}
unshort() { umnt "$MNT/a"; umnt "$MNT/b"; }
if [ "$FS" = cofs ]; then
	short erofs
	diag "erofs: beside a short image: $(md5sum "$MNT/a/big" 2>&1 >/dev/null)"
	unshort
fi
mnt "" "$half" "$MNT/b"
like "a device that ends in the file's middle" "$(probe consume read "$MNT/b/big" 2>&1)" "*EIO*"
umnt "$MNT/b"
short "$FS"
is "beside it, the whole image's reader" "$(md5sum <"$MNT/a/big")" "$big"
drop_caches 1
before=$(counted)
is "the short image's reader" "$(md5sum <"$MNT/b/big")" "$big"
if [ "$FS" = cofs ]; then
	at_least "of what the whole one filled" $(($(counted) - before)) 1
else
	skip "of what the whole one filled" peer
fi
drop_caches 1
check "the short image's, mapped" probe consume mmap "$MNT/b/big"
umnt "$MNT/a"
drop_caches 1
like "alone again" "$(probe consume read "$MNT/b/big" 2>&1)" "*EIO*"
umnt "$MNT/b"
losetup -d "$half"
rm "$MNT/half.img"

modprobe -q dm_mod
linear="0 $size linear /dev/disk/cofs/b 0"
table() { dmsetup suspend --noflush --nolockfs shaky && dmsetup load shaky --table "$1" && dmsetup resume shaky; }
fails() { table "0 $size error"; }
works() { table "$linear"; }
dmsetup create shaky --readonly --table "$linear" 2>/dev/null || skip_rest failover "no device mapper"
dmsetup mknodes shaky	# there is no udev

# begin TYPE: both mounted, all names and some pages read; nothing of big.
begin() {
	works
	mnt inode_share,domain_id=failover /dev/disk/cofs/a "$MNT/a" "$1"
	mnt inode_share,domain_id=failover /dev/mapper/shaky "$MNT/b" "$1"
	drop_caches 1
	# What names and attributes need is read before the device fails.
	ls -lR "$MNT/a" "$MNT/b" >/dev/null
	head -c 1 "$MNT/a/small/000" "$MNT/b/small/000" "$MNT/b/big" "$MNT/b/tailed" >/dev/null
	probe evict "$MNT/a/big" >/dev/null
}
end() { umnt "$MNT/a"; umnt "$MNT/b"; }

if [ "$FS" = cofs ]; then
	begin erofs
	fails
	diag "erofs: reading both: $(md5sum "$MNT/a/big" 2>&1 >/dev/null) $(md5sum "$MNT/b/big" 2>&1 >/dev/null)"
	works
	end
fi

begin "$FS"
before=$(counted)
fails
want=$(probe consume read "$MNT/a/tailed")
is "a tail, which lies in the metadata" "$(probe consume read "$MNT/b/tailed")" "$want"
check "read by the failing image's reader" probe consume read "$MNT/b/big"
is "right bytes" "$(md5sum <"$MNT/b/big")" "$big"
check "mapped" probe consume mmap "$MNT/b/big"
if [ "$FS" = cofs ]; then
	diag "folios that the other image filled: $(($(counted) - before))"
	at_least "counted" $(($(counted) - before)) 1
else
	skip "counted" peer
fi
like "what only it has" "$(probe consume read "$MNT/b/differs" 2>&1)" "*EIO*"

# Up for a second, down for a second.
rounds() {	# FILE WANT ENOUGH: what its cold reads gave, each answer once, for 6 s and until ENOUGH says so
	local start=$SECONDS
	local -A seen=()
	while [ $((SECONDS - start)) -lt 6 ] || { [ $((SECONDS - start)) -lt 60 ] && ! "$3"; }; do
		drop_caches 1
		if [ "$(md5sum <"$1" 2>/dev/null)" = "$2" ]; then seen[right]=1; else seen[wrong]=1; fi
	done
	set -- ${seen[right]+right} ${seen[wrong]+wrong}
	echo "$*"
}
other_helped() { [ "$FS" != cofs ] || [ "$(counted)" -gt "$before" ]; }
both() { [ ${#seen[@]} = 2 ]; }
if modprobe -q dm_flakey && table "0 $size flakey /dev/disk/cofs/b 0 1 1"; then
	before=$(counted)
	is "a device that fails now and then" "$(rounds "$MNT/b/tailed" "$tailed" other_helped)" right
	if [ "$FS" = cofs ]; then
		at_least "which is counted" $(($(counted) - before)) 1
	else
		skip "which is counted" peer
	fi
	is "what only it has, now and then" "$(rounds "$MNT/b/differs" "$own" both)" "right wrong"
else
	for i in 1 2 3; do skip "a device that fails now and then $i" "no dm-flakey"; done
	works
fi
umnt "$MNT/a"
fails
drop_caches 1
like "nobody is left to ask" "$(probe consume read "$MNT/b/big" 2>&1)" "*EIO*"
works
check "the device comes back" probe consume read "$MNT/b/big"
umnt "$MNT/b"
check "and goes" dmsetup remove shaky
