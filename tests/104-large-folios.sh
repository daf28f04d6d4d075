#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Shared files are cached in large folios, as others are, and compressed ones where clusters end behind windows.
. "$(dirname "$0")/lib/guest.sh"

plan 4
if [ ! -d /sys/kernel/mm/transparent_hugepage ]; then
	for text in "not shared" "shared" "shared as not shared" "compressed: pages to a folio"; do
		skip "$text" "a kernel without large folios"
	done
	exit
fi
a=/dev/disk/cofs/a

# folios TYPE OPTIONS IMAGE: of a file that was read in order, per cent of its pages in large folios, and pages to
# a folio. The best of three: where memory is in pieces mm has no large folios to give.
folios() {
	local out pages folios large percent=0 each=0 i
	for i in 1 2 3; do
		drop_caches
		mnt "$2" "$3" "$MNT/a" "$1" || return
		probe consume read "$MNT/a/big" >/dev/null
		out=$(probe folios "$MNT/a/big" 2>&1)
		umnt "$MNT/a"
		read -r pages folios large < <(sed -n 's/.* mapped=\([1-9][0-9]*\) folios=\([0-9]*\) large=/\1 \2 /p' <<<"$out")
		((large * 100 / pages <= percent)) || percent=$((large * 100 / pages))
		((pages / folios <= each)) || each=$((pages / folios))
	done
	echo "$percent $each"
}
shared=inode_share,domain_id=folios
read -r plain _ < <(folios "$FS" "" $a)
read -r common _ < <(folios "$FS" $shared $a)
diag "$FS: $plain % not shared, $common % shared"
diag "erofs: $(folios erofs "" $a) not shared, $(folios erofs $shared $a) shared (per cent, pages to a folio)"
at_least "not shared" "$plain" 95
if [ "$FS" = cofs ]; then
	at_least "shared" "$common" 95
	at_least "shared as not shared" "$common" $((plain - 2))
else
	skip "shared" "peer"
	skip "shared as not shared" "peer"
fi
cp "$IMAGES/l-lz4-64k.img" "$MNT/image"
image=$(losetup -r -f --show "$MNT/image")
echo 128 >"/sys/class/block/${image##*/}/queue/read_ahead_kb"
diag "erofs: $(folios erofs "" "$image") compressed"
read -r large pages < <(folios "$FS" "" "$image")
diag "$FS: $large $pages compressed"
at_least "compressed: pages to a folio" "$pages" 14
losetup -d "$image"
