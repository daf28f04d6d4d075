#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What tracefs and debugfs tell of sharing.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/verify.sh"

plan 19
trace=/sys/kernel/tracing
debug=/sys/kernel/debug
[ -e $trace/events ] || mount -t tracefs none $trace 2>/dev/null
[ -e $debug/bdi ] || mount -t debugfs none $debug 2>/dev/null
if ! ours || [ ! -d $trace/events/cofs ]; then
	skip_rest seeing "cofs and tracefs only"
fi
is "the events" "$(cd $trace/events/cofs && echo */)" \
	"cofs_adopt/ cofs_failover/ cofs_fill/ cofs_mismatch/ cofs_verify/"
scratch
verify_images
modprobe -q dm_mod
true_loop=$(losetup --find --show --read-only "$SCRATCH/true.img")
false_loop=$(losetup --find --show --read-only "$SCRATCH/false.img")
same_loop=$(losetup --find --show --read-only "$SCRATCH/same.img")
other_loop=$(losetup --find --show --read-only "$SCRATCH/false.img")
size=$(blockdev --getsz "$true_loop")
table() { dmsetup suspend --nolockfs seen && dmsetup load seen --readonly --table "0 $size linear $1 0" && dmsetup resume seen; }
dmsetup create seen --readonly --table "0 $size linear $true_loop 0"
dmsetup mknodes seen
# events NAME: what was traced of it
events() { grep -o "cofs_$1: .*" $trace/trace; }

echo 1 >$trace/events/cofs/enable
: >$trace/trace
mnt "$VERIFY,domain_id=a-secret" /dev/mapper/seen "$MNT/one"
mnt "$VERIFY,domain_id=a-secret" "$same_loop" "$MNT/two"
mnt "$VERIFY,domain_id=a-secret" "$false_loop" "$MNT/false"
digest "$MNT/one/small" >/dev/null
exec 9<"$MNT/two/small"
digest "$MNT/false/small" >/dev/null
adopted=$(events adopt)
diag "$adopted"
one=$(grep "image=dm-0 " <<<"$adopted") two=$(grep "image=${same_loop##*/} " <<<"$adopted")
like "the first" "$one" "cofs_adopt: content=* image=dm-0 nid=* sharers=1"
like "and who shares with it" "$two" "cofs_adopt: content=* image=${same_loop##*/} nid=* sharers=2"
content=${one#*content=} content=${content%% *}
like "the same content" "$two" "*content=$content *"
like "verified" "$(events verify | grep image=dm-0)" "cofs_verify: content=* image=dm-0 nid=* len=* outcome=same"
like "refused" "$(events verify | grep "image=${false_loop##*/}")" "* outcome=other"
like "filled" "$(events fill | grep -m1 image=dm-0)" "cofs_fill: content=* image=dm-0 nid=* pos=0 len=*"
table "$other_loop"
drop_caches 1
is "another device" "$(digest "$MNT/one/small")" "${WANT[small]}"
like "does not match" "$(events mismatch | head -n 1)" "cofs_mismatch: content=$content image=dm-0 nid=* pos=* len=*"
like "and another image fills" "$(events failover | head -n 1)" \
	"cofs_failover: content=$content image=${same_loop##*/} nid=* pos=* len=*"
echo 0 >$trace/events/cofs/enable
: >$trace/trace
drop_caches 1
digest "$MNT/two/small" >/dev/null
is "nothing when they are off" "$(events fill)" ""

list=$debug/cofs/sharers
is "root's alone" "$(stat -c %a $list) $(stat -c %a $debug)" "400 700"
hash=$(sha256sum <"$MNT/two/small")
sharers=$(grep "^sha256:${hash%% *} " $list)
diag "$sharers"
is "two share it" "$(grep -c " domain=[0-9a-f]* content=$content size=$(stat -c %s "$MNT/two/small") pages=[0-9]* verified image=" <<<"$sharers")" 2
like "by name" "$sharers" "*image=dm-0 nid=*"
is "and not the domain's name" "$(grep -c a-secret $list)" 0
domain=/sys/fs/cofs/dm-0/domain
is "but what the mount says, to root" "$(stat -c %a $domain) $(grep -c " domain=$(<$domain) " <<<"$sharers")" "400 2"
is "and how it shares" "$(</sys/fs/cofs/dm-0/share)" verify
exec 9<&-
umnt "$MNT/two"
is "one is left" "$(grep -c "^sha256:${hash%% *} .* image=" $list)" 1
umnt "$MNT/one"
umnt "$MNT/false"
like "then it lingers" "$(grep "^sha256:${hash%% *} " $list)" "*verified lingers"
dmsetup remove seen
losetup -d "$true_loop" "$false_loop" "$other_loop" "$same_loop"
umnt "$SCRATCH"
