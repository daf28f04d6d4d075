#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the guest's root, an ext4 image of the trixie root without its compilers
# (qemu/root.exclude), and prints its path.
. "$(dirname "$0")/../scripts/lib.sh"
need_root "$@"

root=$("$COFS_TOP/scripts/root.sh")
name=guest-root-$(key "${root##*/}" "$(cat "$0" "$COFS_TOP/qemu/root.exclude")")
[ -e "$COFS_CACHE/$name.ext4" ] && { echo "$COFS_CACHE/$name.ext4"; exit; }

need_disk 3
with_lock guest-root
[ -e "$COFS_CACHE/$name.ext4" ] && { echo "$COFS_CACHE/$name.ext4"; exit; }
# The tree is copied outside of scripts/in-root, whose mounts would come along.
step 40 "making the guest's root image" "$COFS_CACHE/log/guest-root.log" bash -euo pipefail -c '
	top=$1 cache=$2 root=$3 name=$4
	tree=$cache/$name.tree
	rm -rf "$tree"
	mkdir "$tree"
	tar -C "$root" --one-file-system --anchored --exclude-from="$top/qemu/root.exclude" -cf - . |
		tar -C "$tree" -xf -
	mkdir -p "$tree/images" "$tree/usr/lib/modules"
	echo cofs >"$tree/etc/hostname"
	size=$(du -sm "$tree" | cut -f1)
	rm -f "$cache/$name.tmp"
	truncate -s $((size + size / 8 + 32))M "$cache/$name.tmp"
	"$top/scripts/in-root" mke2fs -q -t ext4 -O ^has_journal -m 0 -d "/cache/$name.tree" "/cache/$name.tmp"
	rm -rf "$tree"
	mv "$cache/$name.tmp" "$cache/$name.ext4"
' sh "$COFS_TOP" "$COFS_CACHE" "$root" "$name"
echo "$COFS_CACHE/$name.ext4"
