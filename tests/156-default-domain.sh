#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The parameter default_domain: mounts that say nothing about sharing share.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 18
ours || skip_rest "default domain" "cofs only"
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
parameter=/sys/module/cofs/parameters/default_domain
set_domain() { echo "$1" >$parameter; }
# pages OPTIONS_A OPTIONS_B: what the two have in common.
pages() {
	mnt "$1" $a "$MNT/a" && mnt "$2" $b "$MNT/b" || return
	same "$MNT/a/tailed" "$MNT/b/tailed"
	umnt "$MNT/a"
	umnt "$MNT/b"
}

is "none by default" "$(<$parameter)" ""
is "for root's eyes" "$(stat -c %a $parameter)" 600
is "without it mounts do not share" "$(pages "" "")" 0
set_domain host
is "it is what was written" "$(<$parameter)" host
is "with it they do" "$(pages "" "")" 257
is "with who names it, too" "$(pages inode_share,domain_id=host "")" 257
is "inode_share takes it" "$(pages inode_share "")" 257
is "who opts out does not" "$(pages noinode_share "")" 0
is "not even with a domain" "$(pages noinode_share,domain_id=host "")" 0
is "a domain of its own wins" "$(pages domain_id=own "")" 0
is "and is shared in" "$(pages domain_id=own inode_share,domain_id=own)" 257
mnt "" $a "$MNT/a"
options=$(grep " $MNT/a " /proc/self/mountinfo)
like "mountinfo tells that it shares" "$options" "*,inode_share*"
is "and not with whom" "${options//host/}" "$options"
# Mounts keep what they were made with.
set_domain later
mnt inode_share,domain_id=host $b "$MNT/b"
is "a mount keeps its domain" "$(same "$MNT/a/tailed" "$MNT/b/tailed")" 257
umnt "$MNT/a"
umnt "$MNT/b"
long=$(printf '%0255d' 0)
check "255 bytes" set_domain "$long"
too_long() { ! set_domain "$long." 2>/dev/null; }
check "not more" too_long
set_domain ""
is "and none again" "$(pages "" "")" 0

rmmod cofs && insmod "$TESTS/../cofs.ko" default_domain=loaded
is "given when the module is loaded" "$(pages "" inode_share,domain_id=loaded)" 257
set_domain ""
