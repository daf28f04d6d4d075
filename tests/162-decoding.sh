#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Who decodes compressed files, and how: readers do it on their threads, workers what nobody came for, and who will
# not wait does nothing. Each way to decode is taken.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/compressed.sh"

images=(lz4 lz4-64k lz4-1m zstd-128k)
ways=(read mmap sendfile scatter)
counters=(decoded_in_place decoded_joined decoded_rolling decoded_to_copy decoded_to_folios decoded_to_mapping moved_end
	read_final read_in_place read_kept read_temporary)
plan $((${#images[@]} * (${#ways[@]} + 1) + ${#counters[@]} + 18))
ours || skip_rest decoding "the peer counts nothing"
skip_unread

# inline NAME COMMAND...: of what was decoded meanwhile, so much was decoded by readers.
inline() {
	local name=$1 readers workers
	shift
	probe evict "$MNT/x/big"
	drop_caches 1
	readers=$(of "$MNT/x" decoded_by_reader) workers=$(of "$MNT/x" decoded_by_worker)
	"$@" >/dev/null || diag "$name: status $?"
	readers=$(($(of "$MNT/x" decoded_by_reader) - readers))
	workers=$(($(of "$MNT/x" decoded_by_worker) - workers))
	diag "$name: $readers clusters by readers, $workers by workers"
	at_least "$name: percent decoded by readers" $((readers * 100 / (readers + workers + (readers + workers == 0)))) 95
}

# A reader on a busy machine may come late: no worker does what a reader leaves undone here.
delay=/sys/module/cofs/parameters/worker_delay_ms
usual=$(<$delay)
echo 60000 >$delay
declare -A sums=()
for image in "${images[@]}"; do
	mnt "" "$IMAGES/l-$image.img" "$MNT/x"
	for way in read mmap sendfile; do inline "$image, $way" probe consume $way "$MNT/x/big"; done
	inline "$image, scatter" probe scatter "$MNT/x/big" 200
	for name in "${counters[@]}"; do sums[$name]=$((${sums[$name]:-0} + $(of "$MNT/x" "$name"))); done
	peak=$(of "$MNT/x" temporary_bytes_peak) limit=$(of "$MNT/x" temporary_bytes_limit)
	diag "$image: temporary bytes: $(of "$MNT/x" temporary_bytes) now, $peak at most, $limit allowed"
	at_most "$image: temporary memory" "$peak" "$limit"
	diag "$image: joined $(of "$MNT/x" decoded_joined), privately $(of "$MNT/x" decoded_privately)"
	umnt "$MNT/x"
done
# What the libraries do not have: blocks smaller than a page, data at any byte, plain clusters.
for image in lz4-512 lz4-48bit zstd-48bit-64k lz4-legacy-64k; do
	mnt "" "$IMAGES/z-$image.img" "$MNT/x"
	probe consume read "$MNT/x" >/dev/null
	drop_caches 1
	probe consume mmap "$MNT/x" >/dev/null
	for name in "${counters[@]}"; do sums[$name]=$((${sums[$name]:-0} + $(of "$MNT/x" "$name"))); done
	umnt "$MNT/x"
done
for name in "${counters[@]}"; do at_least "$name" "${sums[$name]}" 1; done

# Here and there. Of a cluster is decoded what comes before the end of what is wanted, and all of it for
# those who come back; for others too, while many come back.
image=$IMAGES/l-lz4-64k.img
mapfile -t clusters < <(probe clusters "$image" big | awk '$1 > 0 && $2 >= 65536 && $2 <= 262144')
# page NUMBER CLUSTER: how many more of a cluster's pages are there when that one was read, of how many.
page() {
	local offset len first last before
	read -r offset len _ <<<"${clusters[$2]}"
	first=$(((offset + 4095) / 4096)) last=$(((offset + len) / 4096))
	before=$(cached "$MNT/x/big")
	dd if="$MNT/x/big" of="$MNT/page" bs=4096 skip=$((first + $1)) count=1 status=none
	echo "$(($(cached "$MNT/x/big") - before)) of $((last - first))"
}
mnt "" "$image" "$MNT/x"
drop_caches
first=$(page 2 0)
is "the first in a cluster: up to it" "$first" "3 of ${first#*of }"
is "the second: all of it" "$(page 5 0)" "$((${first#*of } - 3)) of ${first#*of }"
page 2 2 >/dev/null
page 5 2 >/dev/null
first=$(page 2 4)
is "while many come back, the first: all of it" "$first" "${first#*of } of ${first#*of }"
first=$(page 2 6)
is "not for ever: up to it" "$first" "3 of ${first#*of }"
umnt "$MNT/x"

echo "$usual" >$delay
# Those who will not wait.
mnt "" "$IMAGES/l-lz4-64k.img" "$MNT/x"
drop_caches
before="$(of "$MNT/x" decoded_by_reader) $(of "$MNT/x" decoded_by_worker)"
is "nowait, cold" "$(probe preadv2 nowait "$MNT/x/big")" EAGAIN
is "decodes nothing" "$(of "$MNT/x" decoded_by_reader) $(of "$MNT/x" decoded_by_worker)" "$before"
like "and begins nothing" "$(probe cached "$MNT/x/big")" "* cached=0 *"
output=$(probe ring "$MNT/x/big" 32 2>&1)
diag "io_uring, cold: $output"
like "io_uring, cold: right bytes" "$output" "reads=32 *"
drop_caches 1
# Read ahead for somebody who does not come.
workers=$(of "$MNT/x" decoded_by_worker)
probe ahead "$MNT/x/big"
all_cached() { probe preadv2 nowait "$MNT/x/big"; }
until_is "a worker decodes what was read ahead" bytes=25167058 all_cached
at_least "a worker has decoded some" $(($(of "$MNT/x" decoded_by_worker) - workers)) 1
like "io_uring, cached" "$(probe ring "$MNT/x/big" 32 2>&1)" "reads=32 at-once=32 workers=0"
is "nothing is left" "$(of "$MNT/x" temporary_bytes)" 0
is "no error" "$(of "$MNT/x" errors)" 0
umnt "$MNT/x"

# One decode for all who share.
share=inode_share,domain_id=decoding
for image in plain lz4 lz4-64k; do mnt $share "$IMAGES/l-$image.img" "$MNT/$image"; done
drop_caches
probe consume read "$MNT/lz4-64k/big" >/dev/null
before="$(of "$MNT/lz4" decoded_by_reader) $(of "$MNT/lz4-64k" decoded_by_reader)"
probe consume read "$MNT/lz4/big" >/dev/null
is "what one has decoded the other has" \
	"$(of "$MNT/lz4" decoded_by_reader) $(of "$MNT/lz4-64k" decoded_by_reader)" "$before"
is "one copy of a plain and two LZ4 images" \
	"$(same "$MNT/plain/big" "$MNT/lz4/big") $(same "$MNT/lz4/big" "$MNT/lz4-64k/big")" "6145 6145"
for image in plain lz4 lz4-64k; do umnt "$MNT/$image"; done

# The page cache holds what was read and little else.
for image in lz4-64k lz4-1m; do mnt $share "$IMAGES/l-$image.img" "$MNT/$image"; done
pair_pages() {	# of which those of the images' own files are not the file system's
	local image before pages own=0
	drop_caches
	probe consume read "$MNT/lz4-64k/small" >/dev/null
	for image in lz4-64k lz4-1m; do own=$((own - $(cached "$IMAGES/l-$image.img"))); done
	before=$(meminfo Cached)
	for image in lz4-64k lz4-1m; do probe consume read "$MNT/$image/big" >/dev/null; done
	pages=$((($(meminfo Cached) - before) / 4))
	for image in lz4-64k lz4-1m; do own=$((own + $(cached "$IMAGES/l-$image.img"))); done
	echo $((pages - own))
}
grown=$(pair_pages)
diag "pages in memory after reading 6145 twice: $grown"
at_most "page cache of an LZ4 pair, in pages" "$grown" 6500
for image in lz4-64k lz4-1m; do umnt "$MNT/$image"; done
for image in lz4-64k lz4-1m; do mnt $share "$IMAGES/l-$image.img" "$MNT/$image" erofs; done
diag "erofs: $(pair_pages) pages"
for image in lz4-64k lz4-1m; do umnt "$MNT/$image"; done
drop_caches
mnt "" "$IMAGES/z-lz4.img" "$MNT/x"
is "small files: right sizes" "$(probe consume read "$MNT/x" 2>&1)" "$(probe consume mmap "$MNT/x" 2>&1)"
is "no error at the end" "$(of "$MNT/x" errors)" 0
umnt "$MNT/x"
