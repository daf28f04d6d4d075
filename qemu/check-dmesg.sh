#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Fails, and prints the lines, when a guest's console shows what a sound kernel never says:
#
#   qemu/check-dmesg.sh [--groups-may-kill] CONSOLE
#
# With --groups-may-kill it may have killed for the limit of a memory cgroup.
. "$(dirname "$0")/../scripts/lib.sh"
. "$COFS_TOP/tests/lib/splats.sh"

# The console, in as many lines, without what the OOM killer tells of a group that is at its limit.
without_groups() {
	awk '
		{ line[NR] = $0 }
		/invoked oom-killer/ && !start { start = NR }
		start && /oom-kill:constraint=/ {
			for (i = start; i <= NR && /CONSTRAINT_MEMCG/; i++)
				if (line[i] ~ /invoked oom-killer|Call Trace/)
					line[i] = ""
			start = 0
		}
		END { for (i = 1; i <= NR; i++) print line[i] }' "$1"
}
read_all=cat
[ "${1:-}" != --groups-may-kill ] || { read_all=without_groups; shift; }
[ -s "${1:-}" ] || die "qemu/check-dmesg.sh: no console log '${1:-}'"
grep -q 'Linux version' "$1" || die "$1: not the console of a kernel"

if lines=$($read_all "$1" | grep -nE -- "$splats"); then
	say "$(wc -l <<<"$lines") bad lines in $1:"
	head -n 60 <<<"$lines" >&2
	exit 1
fi
