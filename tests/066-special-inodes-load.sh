#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Fragments and compressed metadata for many at once, while their pages are dropped: every byte is right and
# nobody waits for ever. TIME seconds each. And errors in the metabox are told of the right inode.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/differ.sh"

: "${TIME:=6}"
fragments=(z-lz4-all-fragments z-lz4-all-fragments-1m z-zstd-48bit-everything)
trees=(z-metabox z-metabox-lzma z-metabox-xattr z-dirs-crowd z-prefix)
plan $((${#fragments[@]} + ${#trees[@]} + 1))
if ! reads_compressed; then
	for name in "${fragments[@]}" "${trees[@]}" errors; do skip "$name" "compressed files are not read"; done
	exit
fi

for name in "${fragments[@]}"; do
	mnt "" "$IMAGES/$name.img" "$MNT/x"
	mnt "" "$IMAGES/$name.img" "$MNT/y" erofs
	read -r _ file < <(cd "$MNT/y" && find . -type f -printf '%s %p\n' | sort -rn)
	output=$(probe overlap "$MNT/x/$file" 8 "$TIME" "$ktap_done" "$MNT/y/$file" 2>&1)
	rc=$?
	diag "$name, $file: $output"
	is "$name" $rc 0
	umnt "$MNT/y"
	umnt "$MNT/x"
done

# Every name with its attributes, but not what statfs(2) says.
listing() {
	local text
	text=$(probe dump "$1" | tail -n +2)
	echo "${#text} $(md5sum <<<"$text")"
}
for name in "${trees[@]}"; do
	mnt "" "$IMAGES/$name.img" "$MNT/y" erofs
	want=$(listing "$MNT/y")
	umnt "$MNT/y"
	mnt "" "$IMAGES/$name.img" "$MNT/x"
	end=$((SECONDS + TIME)) rounds=0 wrong=''
	[ "${want%% *}" -gt 500 ] || wrong="erofs lists '$want'; "
	while [ $SECONDS -lt $end ]; do
		drop_caches
		pids=()
		for i in {1..4}; do
			listing "$MNT/x" >"$MNT/out.$i" &
			pids+=($!)
		done
		drop_caches
		wait "${pids[@]}"
		for i in {1..4}; do [ "$(<"$MNT/out.$i")" = "$want" ] || wrong+="round $rounds, walker $i; "; done
		rounds=$((rounds + 1))
	done
	diag "$name: $rounds rounds of four walkers"
	is "$name" "$wrong" ""
	umnt "$MNT/x"
done

# The directory's entries lie in the metabox, which is not compressed here.
cp "$IMAGES/zs-metabox-plain.img" "$MNT/bad.img"
read -r at < <(LC_ALL=C grep -abo '\.\.\.inside' "$MNT/bad.img" | cut -d: -f1)
printf '\0\0' | dd of="$MNT/bad.img" bs=1 seek=$((at - 28)) conv=notrunc status=none
if [[ $(probe fserror "$IMAGES" -- true 2>&1) == *ENOSYS* ]]; then
	skip "a damaged directory" "no fanotify"
elif [ "$FS" = erofs ]; then
	skip "a damaged directory" peer
else
	mnt "" "$MNT/bad.img" "$MNT/x"
	is "a damaged directory" "$(probe fserror "$MNT/x" -- ls "$MNT/x/dir" 2>&1)" "EUCLEAN dir"
	umnt "$MNT/x"
fi
