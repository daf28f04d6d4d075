# SPDX-License-Identifier: GPL-2.0
# What the test files share in the guest. FS is the filesystem under test.
set -uo pipefail

: "${FS:=cofs}" "${IMAGES:=/images}" "${QUICK:=}" "${SCALE:=1}"
export FS IMAGES QUICK SCALE
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PROBE=$TESTS/../probe
# shellcheck source=ktap.sh
. "$TESTS/lib/ktap.sh"

# Where a test file mounts; gone when it ends.
MNT=/run/${0##*/}
mkdir -p "$MNT"

probe() { "$PROBE" "$@"; }
cofsctl() { "$TESTS/../cofsctl" "$@"; }

# mnt OPTIONS SOURCE DIR [TYPE]
mnt() {
	[ -d "$3" ] || mkdir -p "$3"
	probe mount "${4:-$FS}" "$1" "$2" "$3"
}
umnt() { probe umount "$1"; }

# errno_of COMMAND...: "ok", or the errno's name that the probe gave, without its explanation.
errno_of() {
	local output
	if output=$("$@" 2>&1); then
		echo ok
	else
		output=${output#probe: }
		echo "${output%% *}"
	fi
}

# meminfo NAME: in KiB, by builtins.
meminfo() {
	local name value _
	while read -r name value _; do
		[ "$name" = "$1:" ] && { echo "$value"; return; }
	done </proc/meminfo
}

counter() { local value; read -r value <"/sys/fs/cofs/$1" && echo "$value"; }

drop_caches() { sync; echo "${1:-3}" >/proc/sys/vm/drop_caches; }

# Drops caches until nothing moves any more, KASAN's quarantine of freed objects included.
settle() {
	local file
	drop_caches
	sleep 1
	drop_caches
	for file in /sys/kernel/slab/*/shrink; do
		[ ! -w "$file" ] || echo 1 >"$file"
	done 2>/dev/null
}

# Sectors read from a drive so far.
sectors_read() {
	local device _ sectors
	device=$(readlink -f "$1")
	read -r _ _ sectors _ <"/sys/class/block/${device##*/}/stat" && echo "$sectors"
}
