#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the second disk of a machine of scripts/deb-machine.sh: the packages, built anew, an image and the sums of
# its files, and the test of tests/deb that is run:
#
#   scripts/deb-payload.sh FILE TEST
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"

disk=$1 tree=$1.tree
rm -rf "$disk" "$tree"
mkdir -p "$tree/tests"
changes=$(scripts/deb.sh)
cp "${changes%/*}"/cofs-{dkms,tools}_*.deb "$tree/"
cp -r tests/lib tests/deb "$tree/tests/"
ln -s "/payload/tests/deb/$2" "$tree/run"
scripts/in-root sh -euc '
	mkfs.erofs --quiet --xattr-inode-digest=trusted.erofs.fingerprint -zlz4 "$1.tree/image" Documentation
	find Documentation -type f -exec sha256sum {} + | sed "s| Documentation/| |" >"$1.tree/sums"
	truncate -s 64M "$1"
	mke2fs -q -t ext4 -d "$1.tree" "$1"' sh "$disk"
rm -rf "$tree"
