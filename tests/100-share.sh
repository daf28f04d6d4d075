#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# One copy in memory: who shares, who does not, and what the counters say.
# quick
. "$(dirname "$0")/lib/guest.sh"

a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
share=inode_share,domain_id=test
ours=$([ "$FS" = cofs ] && echo 1)
plan 31

same() { local out; out=$(probe samepage "$1" "$2" 2>&1); echo "${out##*same=}"; }
cached() { local out; out=$(probe cached "$1" 2>&1); out=${out##*cached=}; echo "${out%% *}"; }
# cofs_only NAME COMMAND...: what the peer does not have, or breaks on.
cofs_only() {
	local name=$1
	shift
	if [ "$ours" ]; then "$@"; else skip "$name" "cofs only"; fi
}

# -- one copy
drop_caches
drop_caches
alive=$([ "$ours" ] && counter shared_inodes)
mnt $share $a "$MNT/a" || exit 1
mnt $share $b "$MNT/b" || exit 1
check "read through one" probe consume read "$MNT/a/big"
before=$(meminfo Cached)
sectors=$(sectors_read $b)
check "read through the other" probe consume read "$MNT/b/big"
at_most "sectors read from the other's device" $(($(sectors_read $b) - sectors)) 256
at_most "page cache grown (KiB)" $(($(meminfo Cached) - before)) 1024
is "pages in common, by page frame" "$(same "$MNT/a/big" "$MNT/b/big")" 4096
probe consume mmap "$MNT/b/tailed" >/dev/null
is "filled by mmap through the other" "$(same "$MNT/a/tailed" "$MNT/b/tailed")" 257
is "another path, mode and owner" "$(same "$MNT/a/elsewhere-1/moved" "$MNT/b/elsewhere-2/moved")" 512
is "stat keeps its own mode" "$(stat -c %a "$MNT/b/elsewhere-2/moved")" 642
is "different content is not shared" "$(same "$MNT/a/differs" "$MNT/b/differs")" 0
is "an empty file" "$(stat -c %s "$MNT/a/empty")$(cat "$MNT/b/empty")" 0

# -- all files, and the counters
if [ "$ours" ]; then
	probe consume read "$MNT/a" >/dev/null && probe consume read "$MNT/b" >/dev/null
	diag "shared_inodes $(counter shared_inodes) sharers $(counter sharers)" \
		"shared_pages $(counter shared_pages) saved_bytes $(counter saved_bytes) adoptions $(counter adoptions)"
	# big, tailed, moved, program and 150 small files are in both; differs and own in one each.
	is "counted contents" $(($(counter shared_inodes) - alive)) 158
	is "counted sharers" "$(counter sharers)" 312
	at_least "counted pages" "$(counter shared_pages)" $((4096 + 257 + 512 + 66 + 150))
	is "bytes saved are pages with two sharers" "$(counter saved_bytes)" $(($(counter shared_pages) * 4096))
	at_least "adoptions" "$(counter adoptions)" 154
else
	for name in contents sharers pages bytes adoptions; do skip "counted $name" "cofs only"; done
fi
umnt "$MNT/a"
umnt "$MNT/b"
cofs_only "no sharer is left" is "no sharer is left" "$([ "$ours" ] && counter sharers)" 0
cofs_only "nothing is shared" is "nothing is shared" "$([ "$ours" ] && counter saved_bytes)" 0

# -- content outlives its mounts
drop_caches
mnt $share $a "$MNT/a" && probe consume read "$MNT/a/big" >/dev/null && umnt "$MNT/a"
adopted=$([ "$ours" ] && counter adoptions)
mnt $share $b "$MNT/b"
cofs_only "content lingers after the last umount" \
	is "content lingers after the last umount" "$(cached "$MNT/b/big")" 4096
cofs_only "and is adopted" at_least "and is adopted" $(($([ "$ours" ] && counter adoptions) - adopted)) 1
umnt "$MNT/b"
drop_caches
check "a mapping outlives the other mount" probe outlive "$FS" $share $a $b
if [ "$QUICK" ]; then
	skip "either way round" "quick"
else
	check "either way round" probe outlive "$FS" $share $b $a
fi

# -- who does not share
mnt inode_share,domain_id=one $a "$MNT/a"
mnt inode_share,domain_id=two $b "$MNT/b"
is "other domains do not share" "$(same "$MNT/a/big" "$MNT/b/big")" 0
umnt "$MNT/a"
umnt "$MNT/b"
mnt $share $a "$MNT/a"
mnt "" $b "$MNT/b"
is "a mount without inode_share does not" "$(same "$MNT/a/big" "$MNT/b/big")" 0
umnt "$MNT/a"
umnt "$MNT/b"

# -- fingerprints from the source tree
c=$IMAGES/s-stamped-c.img
d=$IMAGES/s-stamped-d.img
if [ "$ours" ]; then
	mnt $share $a "$MNT/a"
	mnt $share "$c" "$MNT/c"
	mnt $share "$d" "$MNT/d"
	is "stamped images share" "$(same "$MNT/c/big" "$MNT/d/big")" 1024
	is "with images of the other kind too" "$(same "$MNT/a/elsewhere-1/moved" "$MNT/d/moved")" 512
	is "one fingerprint, two sizes: not shared" "$(same "$MNT/c/liar" "$MNT/d/liar")" 0
	is "no fingerprint: not shared" "$(same "$MNT/c/unstamped" "$MNT/d/unstamped")" 0
	is "another attribute is not looked at" "$(same "$MNT/c/named" "$MNT/d/named")" 0
	umnt "$MNT/c"
	umnt "$MNT/d"
	mnt $share,fingerprint_xattr=user.print "$c" "$MNT/c"
	mnt $share,fingerprint_xattr=user.print "$d" "$MNT/d"
	is "fingerprint_xattr= names it" "$(same "$MNT/c/named" "$MNT/d/named")" 256
	umnt "$MNT/a"
	umnt "$MNT/c"
	umnt "$MNT/d"
else
	for i in 1 2 3 4 5 6; do skip "stamped $i" "cofs only"; done
fi

# -- all that user space can see, with the other half's pages in place
mnt $share $a "$MNT/a" && probe consume read "$MNT/a" >/dev/null
for image in b s-share-1024; do
	if [ "$QUICK" ]; then skip "$image equals erofs" "quick"; continue; fi
	if [ -z "$ours" ]; then skip "$image equals erofs" "the peer's 1 KiB tails are wrong"; continue; fi
	output=$(probe diff "$FS" erofs $share "$IMAGES/$image.img" 2>&1)
	rc=$?
	[ $rc = 0 ] || diag "$output"
	is "$image equals erofs" $rc 0
done
umnt "$MNT/a"
sync
