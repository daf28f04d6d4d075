#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Compressed images in files of compressed images: a reader that decodes what another one waits for, which
# decodes in turn.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/devices.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/compressed.sh"

plan 8
skip_unread
golden_begin
disk_begin 160M
mkdir -p tree outer
head -c 6000000 "$MNT/golden/big" >tree/big
cp -r "$MNT/golden/small" tree/
erofs_image outer/lz4.img tree -zlz4 -C1048576
erofs_image outer/zstd.img tree -zzstd -C65536
erofs_image one.img outer -zlz4 -C65536
erofs_image two.img outer -zlz4 -C1048576 -Ededupe
share=inode_share,domain_id=nested
mnt $share "$MNT/disk/one.img" "$MNT/one"
mnt $share "$MNT/disk/two.img" "$MNT/two"
BACKED_BY_FILE=1 mnt $share "$MNT/one/lz4.img" "$MNT/lz4"
BACKED_BY_FILE=1 mnt $share "$MNT/two/zstd.img" "$MNT/zstd"
for name in lz4 zstd; do
	drop_caches
	check "$name in LZ4" cmp "$MNT/$name/big" tree/big
	drop_caches 1
	check "$name in LZ4, mapped" probe consume mmap "$MNT/$name"
done
probe overlap "$MNT/lz4/big" 4 8 1 tree/big >"$MNT/log" 2>&1 &
pid=$!
output=$(probe overlap "$MNT/zstd/big" 4 8 2 tree/big 2>&1)
is "close to each other" $? 0
rc=0
wait $pid || rc=$?
diag "zstd: $output; LZ4: $(<"$MNT/log")"
is "and on the other" $rc 0
# What both images need of the file below is dropped below them.
for i in 1 2 3 4; do probe evict "$MNT/one/lz4.img"; probe evict "$MNT/lz4/big"; cmp "$MNT/lz4/big" tree/big || break; done
is "dropped below" "$i" 4
umnt "$MNT/lz4"
umnt "$MNT/zstd"
umnt "$MNT/one"
check "all go" umnt "$MNT/two"
golden_end
disk_end
