#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Eight readers of compressed files, and no memory for what they read: all get on, and have the right
# bytes. TIME seconds.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/compressed.sh"

: "${TIME:=12}" "${LEAVE:=64}"
images=(lz4-1m lz4-64k lz4 zstd-128k)
plan $((${#images[@]} + 2))
skip_unread

share=inode_share,domain_id=pressure
golden_begin
mnt $share "$IMAGES/l-lz4-1m.img" "$MNT/lz4-1m"
mnt $share "$IMAGES/l-lz4-64k.img" "$MNT/lz4-64k"
mnt "" "$IMAGES/l-lz4.img" "$MNT/lz4"
mnt "" "$IMAGES/l-zstd-128k.img" "$MNT/zstd-128k"

probe squeeze "$LEAVE" $((TIME + 20 * SCALE)) >"$MNT/squeeze" 2>&1 &
squeeze=$!
for ((i = 0; i < 60 * SCALE; i++)); do
	[ ! -s "$MNT/squeeze" ] || break
	read -r -t 1 <> <(:)
done
is "the memory is taken" "$(<"$MNT/squeeze")" full
declare -A pids=()
seed=0
for name in "${images[@]}"; do
	seed=$((seed + 1))
	probe overlap "$MNT/$name/big" 2 "$TIME" $seed "$MNT/golden/big" >"$MNT/$name.log" 2>&1 &
	pids[$name]=$!
done
for name in "${images[@]}"; do
	rc=0
	wait "${pids[$name]}" || rc=$?
	diag "$name: $(<"$MNT/$name.log")"
	is "$name" $rc 0
done
kill $squeeze
killed=$(dmesg | grep -c "Out of memory")
is "nobody was killed for it" "$killed" 0
for name in "${images[@]}"; do umnt "$MNT/$name"; done
golden_end
