#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# containerd on cofs, in a guest: Debian forky's package, unpacked and not installed, with the configuration
# of Documentation/examples. Ends with the counts of its tests.
#
#   scripts/containerd.sh
#   PEER=erofs scripts/containerd.sh     the same on the in-tree module, for comparison
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/long-run.sh"
need_root "$@"
cd "$COFS_TOP"

packages="containerd/forky runc/forky"
name=containerd-$(key "$packages" "$(cat "$0" tests/containerd/oci.py)" "$(basename "$(scripts/root.sh)")")
image=$COFS_CACHE/$name.ext4
if to_make "$image" containerd; then
	need_disk 1
	rm -rf "$COFS_CACHE/$name.work"
	mkdir -p "$COFS_CACHE/$name.work/tree"
	# shellcheck disable=SC2086
	step 60 "making the disk with containerd and two images" "$COFS_CACHE/log/containerd.log" \
		scripts/in-root --chdir "/cache/$name.work" sh -euc '
		name=$1
		shift
		apt-get -o Acquire::Check-Valid-Until=false update
		apt-get -o APT::Sandbox::User=root download "$@"
		for deb in *.deb; do dpkg-deb -x "$deb" tree; done
		rm -rf tree/usr/share
		/cofs/tests/containerd/oci.py tree
		truncate -s $(($(du -sm tree | cut -f1) + 32))M disk
		mke2fs -q -t ext4 -O ^has_journal -m 0 -d tree disk
		mv disk "/cache/$name.ext4"
	' sh "$name" $packages
	rm -rf "$COFS_CACHE/$name.work"
	unlock
fi

out=build/containerd
mkdir -p "$out"
payload=$(scripts/payload.sh stock "$(scripts/modules.sh)")
say "booting the stock kernel (at most 1500 s; console: $out/console)"
status=0
qemu/run.sh --payload "$payload" --timeout 1500 --drive "containerd=$image" \
	--console "$out/console" --out "$out/guest.ktap" -- env FS="${PEER:-cofs}" tests/containerd/guest.sh || status=$?
verdict
