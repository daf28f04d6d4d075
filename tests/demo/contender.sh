#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Mounts the two images, reads all of both in two ways and runs a server from each; and reads all of
# the two LZ4 images. Prints
# "demo: CONTENDER KEY VALUE" lines, or "demo: CONTENDER failed WHY" and ends with status 1.
#
#   contender.sh PACKAGE CONTENDER FSTYPE [OPTIONS]
#
# Whatever is not the files' data is in memory before the first of two samples, so that
# their difference is the data. The servers' difference has what they looked up, too.
set -euo pipefail
here=$(dirname "$0")
. "$here/pages.sh"
. "$here/roots.sh"
. "$here/servers/$1.sh"
contender=$2 fstype=$3 options=${4:-}

run=/run/demo
plain=(/dev/disk/cofs/a /dev/disk/cofs/b)
lz4=(/dev/disk/cofs/lz4-a /dev/disk/cofs/lz4-b)
devices=("${plain[@]}")
roots=("$run/a" "$run/b")
servers=()
patience=120		# seconds until both servers must have answered
tool=$here/../../cofs-demo

report() { printf 'demo: %s %s %s\n' "$contender" "$1" "$2"; }
fail() { printf 'demo: %s failed %s\n' "$contender" "$*"; exit 1; }

mount_both() {
	drop_caches
	"$tool" mount "$fstype" "$options" \
		"${devices[0]}" "${roots[0]}" "${devices[1]}" "${roots[1]}"
}

unmount_both() { umount "${roots[@]}" || fail "to unmount"; }

# The fastest of many cold mounts: whatever else the machine does only adds.
measure_mount() {
	local us least i
	for ((i = 0; i < 15; i++)); do
		us=$(mount_both) || fail "to mount"
		unmount_both
		[ "${least:-$us}" -lt "$us" ] || least=$us
	done
	report mount_us "$least"
}

measure_reading() {	# read|sendfile KEY
	local sectors start before after bytes
	sample_sectors sectors "${devices[@]}"
	mount_both >/dev/null || fail "to mount"
	sample_pages start
	"$tool" walk "${roots[@]}" >/dev/null || fail "to walk the trees"
	sample_pages before
	bytes=$("$tool" "$1" "${roots[@]}") || fail "to $1 every file"
	sample_pages after
	report "$2_kib" $((after - before))
	report "$2_bytes" "$bytes"
	report "$2_directories_kib" $((before - start))
	sample_sectors after "${devices[@]}"
	report "$2_device_kib" $(((after - sectors) / 2))
	unmount_both
}

await_server() {	# INDEX DEADLINE
	until server_answers "${roots[$1]}.root" $((7000 + $1)) 2>/dev/null; do
		if [ $SECONDS -ge "$2" ] || ! kill -0 "${servers[$1]}" 2>/dev/null; then
			tail -n 20 "$run/server$1.log" | sed 's/^/# /'
			fail "to get an answer from server $(($1 + 1))"
		fi
		sleep 0.2
	done
}

run_servers() {	# VARIABLE
	local before after i deadline=$((SECONDS + patience))
	mount_both >/dev/null || fail "to mount"
	for i in 0 1; do
		enter_root "${roots[i]}"
	done
	sample_pages before
	for i in 0 1; do
		server_run "${roots[i]}.root" $((7000 + i)) >"$run/server$i.log" 2>&1 </dev/null &
		servers+=($!)
	done
	for i in 0 1; do
		await_server $i $deadline
	done
	sample_pages after
	printf -v "$1" %d $((after - before))
	kill "${servers[@]}"
	wait "${servers[@]}" || true
	servers=()
	for i in 0 1; do
		leave_root "${roots[i]}" || fail "to unmount"
	done
	unmount_both
}

# Two servers that fault in the same files race each other, and so does their readahead: the
# middle one of three.
measure_servers() {
	local kib all=() i
	for i in 1 2 3; do
		run_servers kib
		all+=("$kib")
	done
	mapfile -t all < <(printf '%s\n' "${all[@]}" | sort -n)
	report running_kib "${all[1]}"
}

# Only what a failure left behind is still there to undo.
clean_up() {
	[ ${#servers[@]} = 0 ] || kill -KILL "${servers[@]}" 2>/dev/null || true
	wait
	awk -v run="$run/" 'index($2, run) == 1 { print $2 }' /proc/mounts | tac |
		xargs -r umount || true
}
trap clean_up EXIT

mkdir -p "${roots[@]}"
list_tools "$tool" awk bash cat chroot mkdir mount sleep sort sync umount
report mounts "$fstype${options:+ -o $options}"
measure_mount
measure_reading read read
measure_reading sendfile sendfile
measure_servers
devices=("${lz4[@]}")
measure_reading read lz4
report lz4_image_kib $((($(blockdev --getsz "${lz4[0]}") + $(blockdev --getsz "${lz4[1]}")) / 2))
report complete yes
