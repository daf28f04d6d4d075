# SPDX-License-Identifier: GPL-2.0
# Shared by every script: where things live, how a step reports itself, how a failure ends.
set -euo pipefail

COFS_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${COFS_CACHE:=${HOME:-/root}/.cache/cofs}"
export COFS_TOP COFS_CACHE

die() { printf 'cofs: %s\n' "$*" >&2; exit 1; }
say() { printf 'cofs: %s\n' "$*" >&2; }

# Everything that installs, chroots or mounts needs root; ask for it once, up front.
need_root() {
	[ "$(id -u)" = 0 ] && return
	command -v sudo >/dev/null || die "needs root: run as root, or install sudo"
	exec sudo --preserve-env=COFS_CACHE,KVER,KDIR,IMG,MOUNT,TIME,SEED,FAULTS,WORKLOADS,TYPES,LIMIT,MUTANTS,FIRST,PEER,PAIR,PAIRS,ROWS,KERNEL,DESTDIR,PREFIX,LAB,TESTS,SMP,UNTESTED,HOME "$0" "$@"
}

# need_disk GIB: the cache's disk must have that much left.
need_disk() {
	mkdir -p "$COFS_CACHE" || die "cannot create $COFS_CACHE: set COFS_CACHE to a writable directory"
	local have
	have=$(df --output=avail -BG "$COFS_CACHE" | tail -1 | tr -dc 0-9)
	[ "$have" -ge "$1" ] || die "$COFS_CACHE has $have GiB left, $1 GiB needed: free some, or set COFS_CACHE"
}

# step EXPECTED_SECONDS TITLE LOG COMMAND...: runs COMMAND with its output in LOG and
# shows what runs, for how long, and how long it was expected to take.
step() {
	local expect=$1 title=$2 log=$3 start=$SECONDS pid rc=0 next=10
	shift 3
	mkdir -p "$(dirname "$log")"
	say "$title (about $expect s; log: $log)"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		[ $((SECONDS - start)) -ge "$next" ] || continue
		say "  ... $title: $((SECONDS - start)) s of about $expect s"
		next=$((next + 10))
	done
	wait "$pid" || rc=$?
	trap - INT TERM
	if [ $rc != 0 ]; then
		tail -n 25 "$log" >&2
		die "$title failed (status $rc): see $log"
	fi
	say "  done: $title, $((SECONDS - start)) s"
}

# with_lock NAME: serialises the makers of one cache entry; released at exit.
with_lock() {
	mkdir -p "$COFS_CACHE/locks"
	exec {COFS_LOCK}>"$COFS_CACHE/locks/$1"
	flock -n "$COFS_LOCK" || { say "waiting for another run that makes $1"; flock "$COFS_LOCK"; }
}
unlock() { exec {COFS_LOCK}>&-; }

# to_make FILE NAME: FILE is not there, and nobody else makes it until unlock.
to_make() {
	[ ! -e "$1" ] || return 1
	with_lock "$2"
	[ -e "$1" ] || return 0
	unlock
	return 1
}

# key TEXT...: the short content key that names a cache entry.
key() { printf '%s\n' "$@" | sha256sum | cut -c1-12; }
