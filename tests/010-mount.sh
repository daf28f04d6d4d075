#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Mount options, what mountinfo shows of them, and what a refusal says.
# quick
. "$(dirname "$0")/lib/guest.sh"

image=$IMAGES/p-fingerprint.img
accepted=(
	"" user_xattr nouser_xattr acl noacl noacl,nouser_xattr
	cache_strategy=disabled cache_strategy=readahead cache_strategy=readaround
	domain_id=one inode_share,domain_id=one
)
# With what the caller is told.
refused=(
	"bogus:Unknown parameter 'bogus'" "cache_strategy=bogus:Bad value for 'cache_strategy'"
	"inode_share:domain_id is needed" "dax=bogus:Bad value for 'dax'" "domain_id:Bad value for 'domain_id'"
	"fsoffset=x:Bad value for 'fsoffset'" "user_xattr=1:Unexpected value for 'user_xattr'" "fsoffset=100:"
	"dax:dax is not supported" "dax=always:dax is not supported"
)
strategies=("" cache_strategy=disabled cache_strategy=readahead cache_strategy=readaround)
plan $((${#accepted[@]} + ${#strategies[@]} + ${#refused[@]} + 9))

# The options of the mount at $1, without those of the mount point.
shown() {
	local fields
	while read -r -a fields; do
		[ "${fields[4]}" = "$1" ] && { echo "${fields[-1]}"; return; }
	done </proc/self/mountinfo
}

# accept OPTIONS IMAGE
accept() {
	local name="options '$1' of ${2##*/}" output ours theirs
	if ! output=$(mnt "$1" "$2" "$MNT/a" 2>&1); then
		not_ok "$name" "$output"
		return
	fi
	ours=$(shown "$MNT/a")
	umnt "$MNT/a"
	mnt "$1" "$2" "$MNT/a" erofs
	theirs=$(shown "$MNT/a")
	umnt "$MNT/a"
	is "$name" "$ours" "$theirs"
}
for options in "${accepted[@]}"; do accept "$options" "$image"; done
# The strategy is shown where there is something to cache.
for options in "${strategies[@]}"; do accept "$options" "$IMAGES/z-lz4hc.img"; done

# The message reaches the caller through the context, as the new mount API has it.
for case in "${refused[@]}"; do
	options=${case%%:*}
	theirs=$(mnt "$options" "$image" "$MNT/a" erofs 2>&1)
	umnt "$MNT/a" >/dev/null 2>&1
	diag "erofs, '$options': ${theirs:-mounted}"
	if [ "$FS" = erofs ] && [ -z "$theirs" ]; then
		skip "refused option '$options'" "erofs turns it off"
		continue
	fi
	output=$(mnt "$options" "$image" "$MNT/a" 2>&1)
	umnt "$MNT/a" >/dev/null 2>&1
	like "refused option '$options'" "$output" "probe: EINVAL *${case#*:}*"
done

# The domain is a secret between its mounts.
mnt inode_share,domain_id=secret-word "$image" "$MNT/a"
if grep -q secret-word /proc/self/mountinfo; then not_ok "mountinfo hides the domain"; else ok "mountinfo hides the domain"; fi
read -r -a fields < <(grep " $MNT/a " /proc/self/mountinfo)
like "mounted read-only" "${fields[-1]}," "ro,*"
is "the type's name" "${fields[-3]}" "$FS"
if [ "$FS" = erofs ]; then
	skip "another type is turned away from the device" "the same type shares the superblock"
else
	is "another type is turned away from the device" \
		"$(errno_of mnt "" "${fields[-2]}" "$MNT/b" erofs)" EBUSY
fi
umnt "$MNT/a"

is "rw is refused, or turned into ro" \
	"$(errno_of mnt rw "$image" "$MNT/a")" \
	"$(errno_of mnt rw "$image" "$MNT/b" erofs)"
umnt "$MNT/a" >/dev/null 2>&1
umnt "$MNT/b" >/dev/null 2>&1

is "a directory as source" "$(errno_of mnt "" /proc "$MNT/a")" "$(errno_of mnt "" /proc "$MNT/a" erofs)"
is "no such source" "$(errno_of mnt "" /dev/none "$MNT/a")" "$(errno_of mnt "" /dev/none "$MNT/a" erofs)"

# One line in the kernel's log for what a mount refuses, and none for what it does not.
echo "probe: marker-refused" >/dev/kmsg
probe corrupt "$image" "$MNT/bad.img" 1028
mnt "" "$MNT/bad.img" "$MNT/a" >/dev/null 2>&1
lines=$(dmesg | sed -n '/marker-refused/,$p' | grep -c "$FS")
is "a bad checksum makes one line in the log" "$lines" 1
echo "probe: marker-mounted" >/dev/kmsg
mnt "" "$image" "$MNT/a" && umnt "$MNT/a"
lines=$(dmesg | sed -n '/marker-mounted/,$p' | grep -v -e marker -e 'loop[0-9]*: detected' -e 'callbacks suppressed')
if [ "$FS" = cofs ]; then is "a mount is silent" "$lines" ""; else skip "a mount is silent" "erofs reports mounts"; fi
