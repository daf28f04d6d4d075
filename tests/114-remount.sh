#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A remount does not change with whom files are shared.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 8
a=/dev/disk/cofs/a
ours || skip_rest remount "the peer oopses"
mnt "" $a "$MNT/a"
before=$(grep " $MNT/a " /proc/self/mountinfo)
like "to begin" "$(probe remount inode_share "$MNT/a" 2>&1)" "*: EINVAL*"
like "to begin in a domain" "$(probe remount inode_share,domain_id=late "$MNT/a" 2>&1)" "*: EINVAL*"
like "a domain alone" "$(probe remount domain_id=late "$MNT/a" 2>&1)" "*: EINVAL*"
check "what is so anyway" probe remount noinode_share "$MNT/a"
is "nothing has changed" "$(grep " $MNT/a " /proc/self/mountinfo)" "$before"
check "and it is read" probe consume read "$MNT/a/tailed"
umnt "$MNT/a"
mnt inode_share,domain_id=early $a "$MNT/a"
like "to end" "$(probe remount noinode_share "$MNT/a" 2>&1)" "*: EINVAL*"
check "what is so anyway, shared" probe remount inode_share,domain_id=early "$MNT/a"
umnt "$MNT/a"
