#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Fails, and prints the lines, when a guest's console shows what a sound kernel never says:
#
#   qemu/check-dmesg.sh CONSOLE
. "$(dirname "$0")/../scripts/lib.sh"

[ -s "${1:-}" ] || die "qemu/check-dmesg.sh: no console log '${1:-}'"
grep -q 'Linux version' "$1" || die "$1: not the console of a kernel"

bad='WARNING:|(^|[] ])BUG:|BUG at|kernel BUG|Oops|general protection fault|Unable to handle|Kernel panic'
bad+='|KASAN:|KFENCE:|UBSAN:|KCSAN:|rust_kernel: panicked|panicked at'
bad+='|possible circular|possible recursive|possible irq lock|inconsistent lock state|suspicious RCU'
bad+='|bad unlock balance|lock held when|DEBUG_LOCKS_WARN|turning off the locking correctness'
bad+='|scheduling while atomic|sleeping function called|blocked for more than|soft lockup|hard LOCKUP'
bad+='|rcu.*(stall|self-detected)|unreferenced object|suspected memory leaks|Busy inodes'
bad+='|Bad page (state|map)|Bad rss-counter|list_(add|del) corruption|Objects remaining|refcount_t:'
bad+='|Call Trace|invoked oom-killer|Out of memory'

if lines=$(grep -nE -- "$bad" "$1"); then
	say "$(wc -l <<<"$lines") bad lines in $1:"
	head -n 60 <<<"$lines" >&2
	exit 1
fi
