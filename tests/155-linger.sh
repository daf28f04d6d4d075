#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What lingers is bounded and dropped by order, the oldest first, and never what is in use.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 32
ours || skip_rest linger "cofs only"
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
share=inode_share,domain_id=linger
dir=/sys/fs/cofs
set_mb() { echo "$1" >$dir/linger_mb; }
refused_read() { ! cat $dir/drop_domain && ! cat $dir/drop_content; } 2>/dev/null
refused() { ! (echo "$2" >"$dir/$1") 2>/dev/null; }
# leave FILE...: content that lingers, in this order.
leave() {
	local file
	for file in "$@"; do
		mnt $share $a "$MNT/a" && probe consume read "$MNT/a/$file" >/dev/null
		umnt "$MNT/a"
	done
}
pages() { counter lingering_pages; }
begin() { set_mb -1; echo 1 >$dir/drop_content; }

is "no bound by default" "$(counter linger_mb)" -1
begin
is "all that lingered is dropped" "$(pages)" 0
contents=$(counter shared_inodes)
is "and its inodes" "$contents" 0

# -- the bound
leave big tailed elsewhere-1/moved
is "nothing is dropped without a bound" "$(pages)" $((4096 + 257 + 512))
set_mb 20
is "what fits stays" "$(pages)" $((4096 + 257 + 512))
set_mb 4
is "the oldest goes first" "$(pages)" $((257 + 512))
mnt $share $b "$MNT/b"
is "who comes later is there" "$(cached "$MNT/b/tailed") $(cached "$MNT/b/elsewhere-2/moved")" "257 512"
is "who went is not" "$(cached "$MNT/b/big")" 0
check "and is read again" probe consume read "$MNT/b/big"
set_mb 0
is "what is in use does not count" "$(cached "$MNT/b/big")" 4096
umnt "$MNT/b"
until_is "umount leaves nothing where nothing may stay" 0 pages
until_is "and no content" 0 counter shared_inodes
set_mb 4
leave tailed elsewhere-1/moved
until_is "both fit" $((257 + 512)) pages
leave big
until_is "what alone is too much does not stay, nor what is older" 0 pages
is "the parameter shows the bound" "$(</sys/module/cofs/parameters/linger_mb)" 4
for bad in -2 x "" 99999999999; do
	check "linger_mb refuses '$bad'" refused linger_mb "$bad"
done

# -- by order
begin
mnt $share $a "$MNT/a"
probe consume read "$MNT/a/big" >/dev/null
echo 1 >$dir/drop_content
is "content in use is not dropped" "$(cached "$MNT/a/big")" 4096
check "drop_content wants 1" refused drop_content 2
umnt "$MNT/a"
mnt inode_share,domain_id=other $b "$MNT/b"
probe consume read "$MNT/b/tailed" >/dev/null
umnt "$MNT/b"
echo -n other >$dir/drop_domain
is "one domain's content is dropped" "$(pages)" 4096
echo unknown >$dir/drop_domain
is "an unknown domain is nothing" "$(pages)" 4096
echo linger >$dir/drop_domain
is "and the other's" "$(pages)" 0
odd=$' \xff\t '
echo "$odd" >/sys/module/cofs/parameters/default_domain
mnt inode_share $b "$MNT/b"
echo >/sys/module/cofs/parameters/default_domain
probe consume read "$MNT/b/tailed" >/dev/null
umnt "$MNT/b"
echo "${odd# }" >$dir/drop_domain
before=$(pages)
echo "$odd" >$dir/drop_domain
is "a domain is bytes" "$before $(pages)" "257 0"
check "the files tell nothing" refused_read

# -- while it is adopted
for order in one both; do
	output=$(probe order linger $order "$FS" $share $a $b 2>&1)
	rc=$?
	diag "$order: $output"
	is "dropped while adopted, $order" $rc 0
done

# -- while the module goes
module=$TESTS/../cofs.ko
load() { [ -d /sys/module/cofs ] || insmod "$module" "$@"; }
rounds() {
	local i
	for ((i = 0; i < 3; i++)); do
		load linger_mb=$((i * 16)) && leave big tailed && rmmod cofs || return
	done
}
rmmod cofs
(while :; do
	for file in drop_content drop_domain linger_mb; do echo 1 >$dir/$file; done
done) 2>/dev/null &
writer=$!
check "dropped while the module goes" rounds
kill $writer
wait $writer 2>/dev/null
check "a bound from the start" load linger_mb=4
is "is in force" "$(counter linger_mb)" 4
leave big tailed
until_is "and kept to" 257 pages
rmmod cofs
load
