#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Who pays for shared pages, and what the limit of one sharer's cgroup does to the others.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 17
groups=/sys/fs/cgroup
if ! ours || ! (echo +memory >$groups/cgroup.subtree_control) 2>/dev/null; then
	skip_rest charge "cofs and memory cgroups only"
fi
mkdir "$groups/charge-one" "$groups/charge-two"

# in_group NAME COMMAND...
in_group() { (echo "$BASHPID" >"$groups/charge-$1/cgroup.procs" && shift && "$@"); }
# MiB of page cache that a group is charged for.
charged() { awk '$1 == "file" { print int(($2 + 524288) / 1048576) }' "$groups/charge-$1/memory.stat"; }
read_in() { in_group "$1" probe consume read "$2" >/dev/null; }
begin() {	# DOMAIN CHARGE
	drop_caches
	mnt "inode_share,domain_id=$1,share_charge=$2" /dev/disk/cofs/a "$MNT/a"
	mnt "inode_share,domain_id=$1,share_charge=$2" /dev/disk/cofs/b "$MNT/b"
	read_in one "$MNT/a/big"
	read_in two "$MNT/b/big"
}
end() { umnt "$MNT/a"; umnt "$MNT/b"; }
shown() { grep " $MNT/a " /proc/self/mountinfo; }

mkdir -p "$MNT/a"
is "no other payer" \
	"$(errno_of probe mount cofs inode_share,domain_id=x,share_charge=last /dev/disk/cofs/a "$MNT/a")" EINVAL

begin first first
options=$(shown)
is "the default is not shown" "${options/share_charge/}" "$options"
is "first: 16 MiB are the first reader's" "$(charged one) $(charged two)" "16 0"
is "both have them" "$(cached "$MNT/a/big") $(cached "$MNT/b/big")" "4096 4096"
probe evict "$MNT/a/big"
is "the payer's fadvise(DONTNEED) drops nothing" "$(cached "$MNT/b/big")" 4096
echo 4M >"$groups/charge-one/memory.max"
# Not all that is over it, here and below: folios of 2 MiB leave their group when others of it are
# reclaimed, those of ext4 too.
at_most "the payer's limit takes pages from both" "$(cached "$MNT/b/big")" 3584
read_in two "$MNT/b/big"
is "who reads them again pays then" "$(cached "$MNT/b/big")" 4096
at_least "for what the other cannot" "$(charged two)" 2
echo max >"$groups/charge-one/memory.max"
diag "MiB charged then: $(charged one) and $(charged two)"
# What a group paid for is its parent's when it is gone.
rmdir "$groups/charge-one"
is "a payer that goes leaves the pages" "$(cached "$MNT/b/big")" 4096
mkdir "$groups/charge-one"
end

begin root root
like "root is shown" "$(shown)" "*,share_charge=root*"
is "root: nobody pays" "$(charged one) $(charged two)" "0 0"
is "both have them" "$(cached "$MNT/a/big") $(cached "$MNT/b/big")" "4096 4096"
echo 4M >"$groups/charge-one/memory.max"
is "a sharer's limit takes nothing from the other" "$(cached "$MNT/b/big")" 4096
probe evict "$MNT/a/big"
is "nor does its fadvise(DONTNEED)" "$(cached "$MNT/b/big")" 4096
drop_caches 1
read_in one "$MNT/a/big"
is "nor does it keep it from reading" "$(cached "$MNT/a/big")" 4096
like "a remount does not change it" "$(probe remount share_charge=first "$MNT/a" 2>&1)" "*: EINVAL*"
end
# Whoever comes first decides.
mnt inode_share,domain_id=both,share_charge=root /dev/disk/cofs/a "$MNT/a"
mnt inode_share,domain_id=both /dev/disk/cofs/b "$MNT/b"
head -c 1 "$MNT/a/big" >/dev/null
before=$(charged two)
read_in two "$MNT/b/big"
is "content is charged as who first opened it said" "$(($(charged two) - before))" 0
end
rmdir "$groups/charge-one" "$groups/charge-two"
