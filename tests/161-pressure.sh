#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Eight readers of compressed files, and no memory for what they read: all get on, and have the right
# bytes. TIME seconds.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/compressed.sh"

: "${TIME:=12}" "${LEAVE:=64}"
images=(lz4-1m lz4-64k lz4 zstd-128k)
plan $((${#images[@]} + 3))
skip_unread $((${#images[@]} + 3))

share=inode_share,domain_id=pressure
golden_begin
mnt $share "$IMAGES/l-lz4-1m.img" "$MNT/lz4-1m"
mnt $share "$IMAGES/l-lz4-64k.img" "$MNT/lz4-64k"
mnt "" "$IMAGES/l-lz4.img" "$MNT/lz4"
mnt "" "$IMAGES/l-zstd-128k.img" "$MNT/zstd-128k"

probe squeeze "$LEAVE" $((TIME + 4)) >"$MNT/squeeze" 2>&1 &
squeeze=$!
declare -A pids
for name in "${images[@]}"; do
	probe overlap "$MNT/$name/big" 2 "$TIME" "${#pids[@]}" "$MNT/golden/big" >"$MNT/$name.log" 2>&1 &
	pids[$name]=$!
done
for name in "${images[@]}"; do
	rc=0
	wait "${pids[$name]}" || rc=$?
	diag "$name: $(<"$MNT/$name.log")"
	is "$name" $rc 0
done
rc=0
wait $squeeze || rc=$?
squeezed=$(<"$MNT/squeeze")
diag "$squeezed"
is "the memory was taken" "$rc ${squeezed%%=*}" "0 held-mib"
at_least "so many MiB of it" "$(sed -n 's/^held-mib=\([0-9]*\) .*/\1/p' <<<"$squeezed")" 256
killed=$(dmesg | grep -c "Out of memory")
is "nobody was killed for it" "$killed" 0
for name in "${images[@]}"; do umnt "$MNT/$name"; done
golden_end
