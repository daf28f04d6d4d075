#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Fails, and prints the lines, when a guest's console shows what a sound kernel never says:
#
#   qemu/check-dmesg.sh CONSOLE
. "$(dirname "$0")/../scripts/lib.sh"
. "$COFS_TOP/tests/lib/splats.sh"

[ -s "${1:-}" ] || die "qemu/check-dmesg.sh: no console log '${1:-}'"
grep -q 'Linux version' "$1" || die "$1: not the console of a kernel"

if lines=$(grep -nE -- "$splats" "$1"); then
	say "$(wc -l <<<"$lines") bad lines in $1:"
	head -n 60 <<<"$lines" >&2
	exit 1
fi
