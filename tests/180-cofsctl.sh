#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# cofsctl on what is mounted here: its numbers are the kernel's, and what it foretold of images comes true.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"

plan 34
ours || skip_rest cofsctl "cofs only"
a=/dev/disk/cofs/a
b=/dev/disk/cofs/b
share=inode_share,domain_id=a-secret

shopt -s extglob
# json COMMAND...: what cofsctl prints, with each value in a line of its own.
json() { cofsctl "$@" --json 2>/dev/null; }
# field NAME: the first value of that name on stdin.
field() {
	local line
	while IFS= read -r line; do
		[[ $line == *"\"$1\": "* ]] || continue
		line=${line#*: }
		echo "${line%,}"
		return
	done
}
# part NAME: what is said from that name on.
part() { sed -n "/^  \"$1\": /,\$p"; }
# metric NAME: its value.
metric() {
	local name value
	while read -r name value; do
		[ "$name" != "$1" ] || echo "$value"
	done <<<"$metrics"
}
# whole FILE...: all of them are read.
whole() { probe consume read "$1" && probe consume read "$2"; }

echo 1 >/sys/fs/cofs/drop_content
is "without a mount" "$(cofsctl status | tail -n 1)" "no image is mounted"

# -- before the mount
foretold=$(json compare $a $b)
is "common files of an image" "$(field common_files <<<"$foretold")" 154
check "compare prints a table" cofsctl compare $a $b
check "a sound image is found sound" cofsctl verify $a
is "its fingerprints" "$(json verify $b | field fingerprints_right)" 156
check "the other's superblock" cofsctl inspect $b

# -- while they are mounted
mnt $share $a "$MNT/a" || exit 1
mnt $share $b "$MNT/b with a space" || exit 1
check "both are read" whole "$MNT/a" "$MNT/b with a space"
status=$(json status)
for name in shared_inodes sharers shared_pages saved_bytes adoptions failovers; do
	is "status: $name" "$(field $name <<<"$status")" "$(counter $name)"
done
is "what compare foretold" "$(field saved_bytes <<<"$status")" "$(field saved_bytes <<<"$foretold")"
disk=$(readlink -f $b)
like "status names the mounts" "$(cofsctl status)" "*${disk##*/} *$MNT/b with a space *"

# -- what root alone sees
check "the domain's name is nowhere" [ "${status/a-secret/}" = "$status" ]
is "all is in one domain" "$(part domains <<<"$status" | field saved_bytes)" "$(counter saved_bytes)"
is "what is there once" "$(part domains <<<"$status" | field shared_bytes)" $(($(counter shared_pages) * 4096))
table=$(cofsctl status)
name=$(</sys/fs/cofs/${disk##*/}/domain)
like "as the kernel calls it" "$table" "*"$'\n'"${name:0:8}  claim  "+(' ')"2 *"
path=$(part biggest <<<"$status" | field path)
path=${path//\"/}
like "the biggest file has a name" "$path" "$MNT/[ab]*/*"
is "and is that file" "$(part biggest <<<"$status" | field size)" "$(stat -c %s "$path")"
is "as many as are asked for" "$(cofsctl status --json --top 3 | grep -c '"fingerprint"')" 3
nobody=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$TESTS/../cofsctl" status --json)
is "others see the numbers only" "$(field domains <<<"$nobody") $(field biggest <<<"$nobody") $(field domain <<<"$nobody") $(field saved_bytes <<<"$nobody")" \
	"null null null $(counter saved_bytes)"

like "status goes on" "$(timeout 5 "$TESTS/../cofsctl" status --watch=1 | grep -c ^saved)" "[2-9]"

check "metrics are written" cofsctl metrics --output "$MNT/cofs.prom"
metrics=$(<"$MNT/cofs.prom")
is "bytes saved" "$(metric cofs_saved_bytes)" "$(counter saved_bytes)"
is "pages are told in bytes" "$(metric cofs_shared_bytes)" $(($(counter shared_pages) * 4096))
is "adoptions" "$(metric cofs_adoptions_total)" "$(counter adoptions)"
is "of an image" "$(metric "cofs_image_shared_inodes{disk=\"${disk##*/}\"}")" 156
# What the interface is said to have, and what of it is not there.
missing=
while read -r word path; do
	[ "$word" = What: ] || continue
	path=/${path#*/}
	case $path in
	*/features/*) continue ;;
	*'<disk>'*) known=cofs_image_ ;;
	*) known=cofs_ ;;
	esac
	name=${path##*/} file=${path##*/}
	[ -r "/sys/fs/cofs/$name" ] || [ -r "/sys/fs/cofs/${disk##*/}/$name" ] || continue
	case $name in
	drop_* | domain | share) continue ;;
	shared_inodes) [ $known = cofs_image_ ] || name=content_inodes ;;
	shared_pages | lingering_pages) name=${name%_pages}_bytes ;;
	linger_mb) name=linger_limit_bytes ;;
	*_bytes_*) name=${name/_bytes_/_}_bytes ;;
	esac
	[[ $metrics == *$'\n'"$known"@("$name"|"$file")[_\ {]* ]] || missing+=" $path"
done <"$TESTS/../ABI/sysfs-fs-cofs"
is "every number that is documented is a metric" "$missing" ""
umnt "$MNT/a"
umnt "$MNT/b with a space"
echo 1 >/sys/fs/cofs/drop_content
is "nothing is saved when they are gone" "$(json status | field saved_bytes)" 0

# -- stamped here, read there
scratch_disk
mkdir "$SCRATCH/tree"
head -c 300000 /dev/urandom >"$SCRATCH/tree/file"
check "a tree is stamped" cofsctl stamp "$SCRATCH/tree"
mkfs.erofs --quiet "$SCRATCH/image" "$SCRATCH/tree" >/dev/null
cp "$SCRATCH/image" "$SCRATCH/copy"
mnt $share "$SCRATCH/image" "$MNT/a"
mnt $share "$SCRATCH/copy" "$MNT/b"
whole "$MNT/a" "$MNT/b" >/dev/null
is "its images share" "$(same "$MNT/a/file" "$MNT/b/file")" 74
umnt "$MNT/b"
mnt "$share,share=verify" "$SCRATCH/copy" "$MNT/b"
is "who verifies shares with others" "$(json status | part domains | grep -c '"shared_files"')" 2
umnt "$MNT/a"
umnt "$MNT/b"
umnt "$SCRATCH"
