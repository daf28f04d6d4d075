#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Runs the servers of two images, in a guest that counts instructions, and prints a line of JSON for
# each figure: how long until the first, alone and cold, has answered, and what lies in the page cache
# once the second has, too. And lets fio read files of the first.
#
#   services.sh PACKAGE WORK...      ("pair services", "pair fio")
set -euo pipefail
here=$(dirname "$0")
. "$here/tests/demo/pages.sh"
. "$here/tests/demo/roots.sh"
. "$here/tests/demo/servers/$1.sh"
. "$here/fio.sh"
shift
run=/run/bench
# Seconds of the guest, in which an instruction is a nanosecond.
patience=600
long=5		# who takes longer to start two servers does it once
rounds=3
tool=$here/cofs-bench
# Nobody writes there: a wait without a program that waits.
exec {never}<> <(:)

fail() { echo "services: $fs: $*" >&2; return 1; }

answer() {	# INDEX
	local deadline=$((SECONDS + patience))
	until server_answers "${roots[$1]}.root" $((7000 + $1)) 2>/dev/null; do
		if [ $SECONDS -ge $deadline ] || ! kill -0 "${servers[$1]}" 2>/dev/null; then
			tail -n 20 "$run/server$1.log" >&2
			fail "no answer from server $(($1 + 1))"
			return 1
		fi
		read -r -t 0.002 -u $never || true
	done
}

start() {	# INDEX
	server_run "${roots[$1]}.root" $((7000 + $1)) >"$run/server$1.log" 2>&1 </dev/null &
	servers[$1]=$!
}

now() { printf -v "$1" %s "${EPOCHREALTIME/./}"; }

once() {
	local i before after t0 t1 status=0
	servers=()
	for i in 0 1; do
		enter_root "${roots[i]}" "${lowers[i]}"
	done
	drop_caches
	sample_pages before
	now t0
	start 0
	answer 0 || status=1
	now t1
	if [ $status = 0 ]; then
		start 1
		answer 1 || status=1
	fi
	sample_pages after
	kill "${servers[@]}" 2>/dev/null || true
	wait "${servers[@]}" || true
	for i in 0 1; do
		leave_root "${roots[i]}" || status=1
	done
	[ $status != 0 ] || times+=($((t1 - t0))) pages+=($((after - before)))
	return $status
}

report() {	# IMAGE WORK UNIT VALUE...
	local image=$1 work=$2 unit=$3
	shift 3
	mapfile -t sorted < <(printf '%s\n' "$@" | sort -n)
	printf '{"lab": "service", "image": "%s", "work": "%s", "fs": "%s", "unit": "%s", "median": %s, "min": %s, "max": %s}\n' \
		"$image" "$work" "$fs" "$unit" "${sorted[$# / 2]}" "${sorted[0]}" "${sorted[-1]}"
}

compete() {	# IMAGE FS
	local image=$1 fs=$2 roots=() lowers=() times=() pages=() root lower i status=0
	while read -r root lower; do
		roots+=("$root") lowers+=("$lower")
	done < <("$tool" mount-memory "$fs" "$image-a" "$image-b")
	[ ${#roots[@]} = 2 ] || { fail "cannot mount"; return 1; }
	if wanted "pair services"; then
		SECONDS=0
		for ((i = 0; i < rounds && status == 0 && SECONDS <= long; i++)); do
			once || status=1
		done
	fi
	if wanted "pair fio"; then
		fio_reads "${roots[0]}" >"$run/reads" || { fail "fio"; status=1; }
	fi
	# The topmost first.
	awk -v run="$run/" 'index($2, run) == 1 { print $2 }' /proc/mounts | tac | xargs -r umount || status=1
	[ ${#pages[@]} = 0 ] || report "$image-a" "pair services: page cache" KiB "${pages[@]}"
	[ ${#times[@]} = 0 ] || report "$image-a" "pair services: first answer" us "${times[@]}"
	[ ! -e "$run/reads" ] || while IFS=: read -r job sum; do
		report "$image-a" "pair fio: $job" instructions "$sum"
	done <"$run/reads"
	rm -f "$run/reads"
	return $status
}

works=("$@")
wanted() { [[ " ${works[*]} " = *" $1 "* ]]; }

mkdir -p "$run"
ip link set lo up
list_tools "$tool" awk bash cat chroot mkdir mount sort sync tail umount
status=0
for fs in erofs "erofs inode_share" cofs "cofs inode_share" "ext4 overlay" composefs; do
	compete plain "$fs" || status=1
done
for fs in erofs "erofs inode_share" cofs "cofs inode_share" "squashfs lz4" "squashfs zstd"; do
	compete lz4 "$fs" || status=1
done
exit $status
