#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# share=verify: what others share is what its fingerprint says; who lies keeps what he has for himself.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/verify.sh"

plan 36
ours || skip_rest verify "cofs only"
scratch
verify_images
image() { mnt "$VERIFY,domain_id=$3" "$SCRATCH/$1.img" "$MNT/$2"; }

# -- the option
refused() { errno_of probe mount cofs "$1" "$SCRATCH/true.img" "$MNT/true"; }
mkdir -p "$MNT/true"
is "no other value" "$(refused inode_share,domain_id=x,share=maybe)" EINVAL
mnt "$VERIFY,domain_id=x" "$SCRATCH/true.img" "$MNT/true"
like "it is shown" "$(grep " $MNT/true " /proc/self/mountinfo)" "*,inode_share,share=verify*"
like "a remount does not change it" "$(probe remount share=claim "$MNT/true" 2>&1)" "*: EINVAL*"
check "what is so anyway" probe remount share=verify "$MNT/true"
umnt "$MNT/true"
parameter=/sys/module/cofs/parameters/default_share
is "the default" "$(<$parameter)" claim
echo verify >$parameter
mnt inode_share,domain_id=x "$SCRATCH/true.img" "$MNT/true"
like "is taken" "$(grep " $MNT/true " /proc/self/mountinfo)" "*,share=verify*"
umnt "$MNT/true"
mnt inode_share,domain_id=x,share=claim "$SCRATCH/true.img" "$MNT/true"
options=$(grep " $MNT/true " /proc/self/mountinfo)
is "or not" "${options/share=verify/}" "$options"
umnt "$MNT/true"
is "nothing else is a default" "$( (echo maybe >$parameter) 2>/dev/null || echo refused)" refused
echo claim >$parameter

# -- honest images
before=$(counter verified)
image true true honest
image same same honest
is "a small file" "$(digest "$MNT/true/small")" "${WANT[small]}"
is "is verified when it is opened" "$(of "$MNT/true" verified)" 1
is "another has it at once" "$(same "$MNT/true/small" "$MNT/same/small")" 7
is "a large file" "$(digest "$MNT/true/large")" "${WANT[large]}"
check "is verified later" hashed "$MNT/true" 2
is "and then another" "$(digest "$MNT/same/large")" "${WANT[large]}"
check "whose is verified, too" hashed "$MNT/same" 2
pages=$(same "$MNT/true/large" "$MNT/same/large")
at_least "they have its pages in common" "$pages" 600
is "of that one was published" "$(($(counter verified) - before))" 2
exec 9<"$MNT/same/large"
is "who comes later reads the same" "$(digest "$MNT/same/large")" "${WANT[large]}"
exec 9<&-
# What nobody else has read goes, when it was hashed.
drop_caches 1
image lz4 lz4 alone
head -c 1 "$MNT/lz4/large" >/dev/null
hashed "$MNT/lz4" 1
at_most "pages kept of a large file of which one was read" "$(cached "$MNT/lz4/large")" 300
umnt "$MNT/lz4"
image lz4 lz4 honest
digest "$MNT/lz4/large" >/dev/null
hashed "$MNT/lz4" 1
at_least "with a compressed image" "$(same "$MNT/true/large" "$MNT/lz4/large")" 600
is "its small file" "$(same "$MNT/true/small" "$MNT/lz4/small")" 7
# Who believes claims has others.
mnt inode_share,domain_id=honest "$SCRATCH/true.img" "$MNT/claim"
is "with who believes claims nothing is shared" "$(same "$MNT/same/small" "$MNT/claim/small")" 0
umnt "$MNT/claim"
umnt "$MNT/lz4"
umnt "$MNT/same"
umnt "$MNT/true"

# -- a liar
# serve FIRST SECOND: each reads its own, whoever comes first, and again when all have been hashed.
serve() {
	local file name answer=
	drop_caches
	image "$1" "$1" "liars$1" && image "$2" "$2" "liars$1" || return
	for file in small large; do
		for name in "$1" "$2" "$1" "$2"; do
			case $name.$(digest "$MNT/$name/$file") in
			"true.${WANT[$file]}" | "false.${LIES[$file]}") ;;
			*) answer+="$name of $1 $2: $file; " ;;
			esac
			if [ $file = large ]; then hashed "$MNT/$name" 2; else hashed "$MNT/$name" 1; fi
		done
	done
	echo "${answer:-each its own}"
}
before=$(counter refused)
echo "probe: liar $$" >/dev/kmsg
is "the liar comes last" "$(serve true false)" "each its own"
is "two lies are counted" "$(of "$MNT/false" refused) $(($(counter refused) - before))" "2 2"
is "none of the other" "$(of "$MNT/true" refused)" 0
is "nothing is in common" "$(same "$MNT/true/small" "$MNT/false/small") $(same "$MNT/true/large" "$MNT/false/large")" "0 0"
lines=$(dmesg | sed -n "/probe: liar $$/,\$p" | grep cofs)
diag "$lines"
is "it is reported once" "$(grep -c . <<<"$lines")" 1
umnt "$MNT/true"
umnt "$MNT/false"
is "the liar comes first" "$(serve false true)" "each its own"
is "two lies again" "$(of "$MNT/false" refused)" 2
umnt "$MNT/false"
# The liar is gone.
image same same liarsfalse
is "the true one shares with others" "$(same "$MNT/true/small" "$MNT/same/small")" 7
umnt "$MNT/same"
umnt "$MNT/true"

# -- under concurrency
clash() {	# ROUND: readers of four images at once
	local name file
	for name in true false same lz4; do image "$name" "$name" "clash$1"; done
	for name in true false same lz4; do
		for file in small large small large; do
			case $name.$(digest "$MNT/$name/$file") in
			"false.${LIES[$file]}") ;;
			false.*) echo "$name $file" ;;
			*."${WANT[$file]}") ;;
			*) echo "$name $file" ;;
			esac
		done &
	done
	wait
	for name in true false same lz4; do umnt "$MNT/$name"; done
}
rounds() { local i; for ((i = 0; i < 4; i++)); do clash $i; [ $((i % 2)) = 0 ] || drop_caches; done; }
is "all at once" "$(rounds)" ""

# -- what cannot be verified
tree=$SCRATCH/tree
mkdir -p "$tree"
head -c 9000 /dev/zero >"$tree/file"
setfattr -n trusted.erofs.fingerprint -v "md5:0123456789abcdef" "$tree/file" 2>/dev/null
if mkfs.erofs --quiet "$SCRATCH/odd.img" "$tree" >/dev/null && mnt "" "$SCRATCH/odd.img" "$MNT/odd" &&
	getfattr -n trusted.erofs.fingerprint "$MNT/odd/file" >/dev/null 2>&1; then
	umnt "$MNT/odd"
	cp "$SCRATCH/odd.img" "$SCRATCH/odd2.img"
	image odd odd odd
	image odd2 odd2 odd
	is "a claim that is no SHA-256" "$(same "$MNT/odd/file" "$MNT/odd2/file")" 0
	umnt "$MNT/odd"
	umnt "$MNT/odd2"
else
	umnt "$MNT/odd"
	skip "a claim that is no SHA-256" "no such attribute on a tmpfs"
fi
# -- the limit
limit=/sys/module/cofs/parameters/verify_open_kb
is "files to 1 MiB are hashed at open" "$(<$limit)" 1024
echo 8192 >$limit
image true true limit
head -c 1 "$MNT/true/large" >/dev/null
is "or to more" "$(of "$MNT/true" verified)" 1
umnt "$MNT/true"
echo 4 >$limit
image true true limit2
exec 9<"$MNT/true/small"
check "or to less" hashed "$MNT/true" 1
exec 9<&-
umnt "$MNT/true"
echo 1024 >$limit
# Its umount does not wait for what is left to hash.
image true true umount
head -c 1 "$MNT/true/large" >/dev/null
check "umount while it is hashed" umnt "$MNT/true"

umnt "$SCRATCH"
