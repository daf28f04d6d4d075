#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# systemd's mount units on cofs, in a guest that systemd boots: the units of Documentation/examples. Its root is
# what they need of the workloads' root. Ends with the counts of its tests.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/long-run.sh"
need_root "$@"
cd "$COFS_TOP"

root=$(scripts/workloads/root.sh)
name=systemd-$(key "${root##*/}" "$(cat "$0")")
image=$COFS_CACHE/$name.ext4
if to_make "$image" systemd; then
	need_disk 1
	step 60 "making the root that systemd boots" "$COFS_CACHE/log/systemd.log" bash -euo pipefail -c '
		root=$1 cache=$2 name=$3
		tree=$cache/$name.tree
		rm -rf "$tree"
		mkdir "$tree"
		tar -C "$root/tree" --one-file-system --exclude-from=- -cf - . <<-end | tar -C "$tree" -xf -
			./boot/*
			./opt/*
			./usr/bin/git*
			./usr/bin/python3*
			./usr/bin/x86_64-linux-gnu-*
			./usr/include
			./usr/lib/gcc
			./usr/lib/git-core
			./usr/lib/postgresql
			./usr/lib/python3*
			./usr/lib/x86_64-linux-gnu/*.a
			./usr/lib/x86_64-linux-gnu/ceph
			./usr/lib/x86_64-linux-gnu/lib?san.so*
			./usr/lib/x86_64-linux-gnu/libLLVM*
			./usr/lib/x86_64-linux-gnu/libgallium*
			./usr/lib/x86_64-linux-gnu/libicudata*
			./usr/lib/x86_64-linux-gnu/libz3*
			./usr/libexec/gcc
			./usr/share
			./var/cache/*
			./var/lib/apt/*
		end
		mkdir "$tree/var/lib/images"
		scripts/in-root sh -euc "
			images=/cache/$name.tree/var/lib/images
			digest=--xattr-inode-digest=trusted.erofs.fingerprint
			mkfs.erofs --quiet \$digest \$images/app.erofs Documentation
			mkfs.erofs --quiet \$digest -zlz4 \$images/base.erofs Documentation
			cd Documentation
			find . -type f -exec sha256sum {} + >\$images/sums
			truncate -s \$((\$(du -sm /cache/$name.tree | cut -f1) * 9 / 8 + 32))M /cache/$name.tmp
			mke2fs -q -t ext4 -O ^has_journal -m 0 -d /cache/$name.tree /cache/$name.tmp"
		rm -rf "$tree"
		mv "$cache/$name.tmp" "$cache/$name.ext4"
	' sh "$root" "$COFS_CACHE" "$name"
	unlock
fi

out=build/systemd
mkdir -p "$out"
payload=$(scripts/payload.sh stock "$(scripts/modules.sh)")
cp -a tests/systemd/root "$payload/root"
say "booting the stock kernel and systemd (at most 1800 s; console: $out/console)"
status=0
qemu/run.sh --payload "$payload" --timeout 1800 --drive "work=$image" \
	--append "cofs_root=ext4 systemd.unit=mount-units.service" \
	--console "$out/console" --out "$out/guest.ktap" -- true || status=$?
verdict
