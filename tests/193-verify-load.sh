#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# share=verify while memory is reclaimed, inodes are evicted and images come and go.
# unload
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/sharing.sh"
. "$TESTS/lib/verify.sh"

plan 4
ours || skip_rest "verify, load" "cofs only"
scratch
verify_images
for name in true same false lz4; do
	loop=$(losetup --find --show --read-only "$SCRATCH/$name.img")
	loops+=("$loop")
	device[${#loops[@]}]=$loop
done
at() { mnt "$VERIFY,domain_id=load" "${device[$1]}" "$MNT/$2$1"; }
wrong() {	# NUMBER FILE DIGEST
	case $1 in
	3) [ "$3" = "${LIES[$2]}" ] || echo "$1 $2 $3" ;;
	*) [ "$3" = "${WANT[$2]}" ] || echo "$1 $2 $3" ;;
	esac
}
# come_and_go NUMBER: mount, read, umount; the large file mostly while it is being hashed.
come_and_go() {
	local file
	while [ -e "$SCRATCH/on" ]; do
		at "$1" m || echo "no mount $1"
		for file in large small large; do wrong "$1" $file "$(digest "$MNT/m$1/$file")"; done
		umnt "$MNT/m$1" || echo "no umount $1"
	done
}
press() {
	while [ -e "$SCRATCH/on" ]; do
		drop_caches 1
		read -r -t 0.2 <> <(:)
		drop_caches 2
		read -r -t 0.1 <> <(:)
	done
}
run() {
	local i
	: >"$SCRATCH/on"
	for i in 1 2 3 4; do come_and_go $i & done
	press &
	sleep $((4 + SCALE))
	rm "$SCRATCH/on"
	wait
}
is "right bytes for all" "$(run)" ""
echo 4 >/sys/module/cofs/parameters/verify_open_kb
is "all hashed later" "$(run)" ""
echo 16384 >/sys/module/cofs/parameters/verify_open_kb
is "all hashed at open" "$(run)" ""
echo 1024 >/sys/module/cofs/parameters/verify_open_kb
# Mapped files keep what they were bound to.
at 1 m
at 2 m
echo 4 >/sys/module/cofs/parameters/verify_open_kb
exec 8<"$MNT/m1/large" 9<"$MNT/m2/large"
hashed "$MNT/m1" 1 && hashed "$MNT/m2" 1
before="$(digest "$MNT/m2/large") $(md5sum <&9)"
exec 8<&- 9<&-
is "an open file stays what it is" "$before" "${WANT[large]} ${WANT[large]}"
echo 1024 >/sys/module/cofs/parameters/verify_open_kb
umnt "$MNT/m1"
umnt "$MNT/m2"
losetup -d "${loops[@]}"
umnt "$SCRATCH"
