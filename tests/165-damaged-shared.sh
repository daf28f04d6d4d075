#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A cluster that cannot be decoded is no fault for a file that another image has, too.
# shellcheck disable=SC2086 # a range is two words
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/compressed.sh"

plan 9
skip_unread
damage_begin
share=inode_share,domain_id=damaged
damaged lz4-64k 5
failovers() { [ "$FS" = cofs ] && counter failovers || echo 0; }
mnt $share "$MNT/disk/lz4-64k.img" "$MNT/x"
mnt $share "$IMAGES/l-lz4-1m.img" "$MNT/y"
# Only who has opened it can fill it.
exec 9<"$MNT/y/big"
drop_caches
before=$(failovers)
echo "probe: damaged $$" >/dev/kmsg
check "shared, by the damaged one's reader" cmp "$MNT/x/big" "$MNT/golden/big"
at_least "of what the sound one filled" $(($(failovers) - before)) 1
drop_caches 1
check "mapped" probe consume mmap "$MNT/x/big"
check "right bytes again" cmp "$MNT/x/big" "$MNT/golden/big"
drop_caches 1
check "by the sound one's reader" cmp "$MNT/y/big" "$MNT/golden/big"
drop_caches 1
check "close to each other" probe overlap "$MNT/x/big" 4 5 1 "$MNT/golden/big"
lines=$(dmesg | sed -n "/probe: damaged $$/,\$p" | grep "$FS")
diag "$(head -n 3 <<<"$lines")"
said=$(grep -c . <<<"$lines")
is "it is reported once" "$said" 1
# Nobody is left who has it.
exec 9<&-
umnt "$MNT/y"
drop_caches 1
output=$(probe unreadable "$MNT/x/big" $range 2>&1)
is "alone again" "${output% *}" "$range"
umnt "$MNT/x"
mnt $share "$MNT/disk/lz4-64k.img" "$MNT/x"
mnt $share "$IMAGES/l-plain.img" "$MNT/y"
exec 9<"$MNT/y/big"
drop_caches 1
check "beside a plain image" cmp "$MNT/x/big" "$MNT/golden/big"
exec 9<&-
umnt "$MNT/x"
umnt "$MNT/y"
damage_end
