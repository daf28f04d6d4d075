#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Clusters that cannot be decoded: they cost their own pages and nothing else.
# shellcheck disable=SC2086 # a range is two words
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/compressed.sh"

images=(lz4 lz4-64k lz4-1m zstd-128k)
plan $((3 * ${#images[@]}))
skip_unread

damage_begin
in_order() { drop_caches 1; cat "$1" 2>/dev/null | wc -c; }
for name in "${images[@]}"; do
	damaged "$name" 5
	mnt "" "$MNT/disk/$name.img" "$MNT/x"
	output=$(probe unreadable "$MNT/x/big" $range 2>&1)
	is "$name: just the pages of the cluster" "${output% *}" "$range"
	mnt "" "$MNT/disk/$name.img" "$MNT/y" erofs
	peer=$(probe unreadable "$MNT/y/big" $range 2>&1)
	diag "$name: $FS ${output##* }, erofs $peer"
	diag "$name: in order up to the cluster at $offset: erofs $(in_order "$MNT/y/big")"
	umnt "$MNT/y"
	# A reader in order gets as far as there are whole folios.
	got=$(in_order "$MNT/x/big")
	at_least "$name: what is before it, in order" "$got" $((first - (128 << 10)))
	at_most "$name: and nothing of it" "$got" $((offset + 4095))
	umnt "$MNT/x"
done
damage_end
