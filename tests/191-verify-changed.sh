#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# share=verify, and a device that gives other bytes than those that were verified: whoever has the file
# on another image gets the right ones, and nobody gets the wrong ones.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/verify.sh"

plan 24
if ! ours || ! modprobe -q dm_mod; then
	skip_rest "verify, changed" "cofs and device mapper only"
fi
scratch
verify_images
for name in true false same lz4; do
	loops+=("$(losetup --find --show --read-only "$SCRATCH/$name.img")")
done
size=$(blockdev --getsz "${loops[0]}")
table() { dmsetup suspend --nolockfs shifty && dmsetup load shifty --readonly --table "0 $size linear $1 0" && dmsetup resume shifty; }
dmsetup create shifty --readonly --table "0 $size linear ${loops[0]} 0"
dmsetup mknodes shifty

# Two with the same files, one of which lies on what will change.
begin() {	# DOMAIN OTHER
	table "${loops[0]}"
	mnt "$VERIFY,domain_id=$1" /dev/mapper/shifty "$MNT/shifty"
	mnt "$VERIFY,domain_id=$1" "${2:-$SCRATCH/same.img}" "$MNT/other"
	digest "$MNT/shifty/small" >/dev/null
	digest "$MNT/other/small" >/dev/null
	digest "$MNT/shifty/large" >/dev/null
	hashed "$MNT/shifty" 2
	digest "$MNT/other/large" >/dev/null
	hashed "$MNT/other" 2
	exec 8<"$MNT/other/small" 9<"$MNT/other/large"
}
end() { exec 8<&- 9<&-; umnt "$MNT/other"; umnt "$MNT/shifty"; }

begin change
at_least "both have the large file in common" "$(same "$MNT/shifty/large" "$MNT/other/large")" 600
before=$(counter mismatches) failovers=$(counter failovers)
drop_caches 1
is "read again, from the same device" "$(digest "$MNT/shifty/large")" "${WANT[large]}"
is "no page was other than it was" "$(counter mismatches)" "$before"
echo "probe: changed $$" >/dev/kmsg
table "${loops[1]}"
drop_caches 1
is "the device has changed: small" "$(digest "$MNT/shifty/small")" "${WANT[small]}"
is "large" "$(digest "$MNT/shifty/large")" "${WANT[large]}"
at_least "pages that were other" $(($(counter mismatches) - before)) 2
at_least "filled by the other image" $(($(counter failovers) - failovers)) 2
at_least "of this mount" "$(of "$MNT/shifty" mismatches)" 2
is "and not of that" "$(of "$MNT/other" mismatches)" 0
lines=$(dmesg | sed -n "/probe: changed $$/,\$p" | grep cofs:)
diag "$lines"
is "it is reported once" "$(grep -c . <<<"$lines")" 1
drop_caches 1
check "mapped" probe consume mmap "$MNT/shifty/large"
is "in part" "$(dd if="$MNT/shifty/large" bs=4096 skip=100 count=3 status=none | md5sum)" \
	"$(dd if="$MNT/other/large" bs=4096 skip=100 count=3 status=none | md5sum)"
drop_caches 1
is "by the other's reader" "$(digest "$MNT/other/large")" "${WANT[large]}"
# Who does not wait gets nothing, or the right bytes.
drop_caches 1
is "by who will not wait" "$(probe preadv2 nowait "$MNT/shifty/large")" EAGAIN
like "and nothing was begun" "$(probe cached "$MNT/shifty/large")" "* cached=0 *"
exec 8<&- 9<&-
umnt "$MNT/other"
drop_caches 1
like "alone with it" "$(probe consume read "$MNT/shifty/large" 2>&1)" "*EIO*"
bus() { probe consume mmap "$MNT/shifty/small" >/dev/null 2>&1; echo $?; }
is "mapped, too" "$(bus)" 135
table "${loops[0]}"
drop_caches 1
is "when it is as it was" "$(digest "$MNT/shifty/large")" "${WANT[large]}"
umnt "$MNT/shifty"

# -- a compressed image fills what the changed one had
begin compressed "$SCRATCH/lz4.img"
table "${loops[1]}"
drop_caches 1
is "by a compressed image" "$(digest "$MNT/shifty/large")" "${WANT[large]}"
drop_caches 1
is "which is read itself" "$(digest "$MNT/other/large")" "${WANT[large]}"
end

# -- while it is read
begin reading
reader() { local i; for i in 1 2 3; do digest "$MNT/$1/large"; digest "$MNT/$1/small"; drop_caches 1; done; }
shift_about() { while [ -e "$SCRATCH/on" ]; do table "${loops[1]}"; table "${loops[0]}"; done; }
: >"$SCRATCH/on"
shift_about 2>/dev/null &
shifting=$!
for name in shifty other shifty other; do reader $name & readers+=($!); done >"$SCRATCH/read"
wait "${readers[@]}"
rm "$SCRATCH/on"
wait $shifting
is "it changes while it is read" "$(sort "$SCRATCH/read" | uniq -c | awk '{ print $1 }' | paste -sd ' ')" "12 12"
is "right bytes" "$(sort -u "$SCRATCH/read")" "$(printf '%s\n' "${WANT[small]}" "${WANT[large]}" | sort)"
end

# -- while it is hashed: each is the one or the other, and never shared unless it is right
table "${loops[0]}"
mnt "$VERIFY,domain_id=hashing" "$SCRATCH/same.img" "$MNT/other"
digest "$MNT/other/large" >/dev/null
hashed "$MNT/other" 1
: >"$SCRATCH/on"
shift_about 2>/dev/null &
shifting=$!
for i in 1 2 3; do
	mnt "$VERIFY,domain_id=hashing" /dev/mapper/shifty "$MNT/shifty" 2>/dev/null || continue
	digest "$MNT/shifty/large" >/dev/null 2>&1
	drop_caches 1
	is_right+=$([ "$(digest "$MNT/other/large")" = "${WANT[large]}" ] || echo wrong)
	umnt "$MNT/shifty"
done
rm "$SCRATCH/on"
wait $shifting
is "whoever has the right file keeps it" "${is_right:-}" ""
umnt "$MNT/other"
check "the device goes" dmsetup remove shifty
losetup -d "${loops[@]}"
umnt "$SCRATCH"
