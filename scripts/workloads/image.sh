#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes an LZ4 image of the workloads' root, with PostgreSQL's regression tests and a file that fio has written to
# verify. Prints its path.
. "$(dirname "$0")/../lib.sh"
need_root "$@"

root=$("$COFS_TOP/scripts/workloads/root.sh")
image=$COFS_CACHE/workloads-$(key "${root##*/}" "$(cat "$0" "$COFS_TOP/scripts/workloads/pg-regress.sh")").erofs
[ -e "$image" ] && { echo "$image"; exit; }
need_disk 2
with_lock workloads-image
[ -e "$image" ] && { echo "$image"; exit; }
step 90 "making the workloads' image" "$COFS_CACHE/log/workloads-image.log" \
	"$COFS_TOP/scripts/in-root" --chdir /cache bash -euo pipefail -c '
	root=$1 image=$2
	/cofs/scripts/workloads/pg-regress.sh "$root/pg" "$root/tree"
	rm -rf "$root/tree/opt/fio" "$image.tmp"
	mkdir -p "$root/tree/opt/fio"
	# Half of each block compresses.
	fio --name=write --filename="$root/tree/opt/fio/data" --rw=write --size=32m --bs=4k --ioengine=psync \
		--verify=crc32c --do_verify=0 --buffer_compress_percentage=50 --refill_buffers
	mkfs.erofs --quiet -zlz4 -C65536 --xattr-inode-digest=trusted.erofs.fingerprint "$image.tmp" "$root/tree"
	mv "$image.tmp" "$image"' sh "${root##*/}" "${image##*/}"
echo "$image"
