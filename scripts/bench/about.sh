#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What makes the figures of a run, as the head of its table: commit, kernel, tools, date.
#
#   about.sh COMMAND
. "$(dirname "$0")/../lib.sh"
need_root "$@"
cd "$COFS_TOP"
tools=$(scripts/bench/tools.sh)
kernel=$(scripts/kernel.sh)
commit=$(git -c safe.directory="$COFS_TOP" describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
echo "# Figures of \`$1\`"
echo
echo "On $(date -u +%F), of commit $commit, on the stock kernel $(cat "$kernel/kver") in QEMU."
echo "Documentation/benchmarks.rst says what each row means. Made with:"
echo
scripts/in-root sh -euc '
	tool() { echo "- $1"; }
	tool "$(qemu-system-x86_64 --version | head -n 1)"
	tool "$(mkfs.erofs -V 2>&1 | head -n 1)"
	tool "$(mke2fs -V 2>&1 | head -n 1)"
	tool "$("/cache/$1/run" mksquashfs -version | head -n 1)"
	tool "mkcomposefs of composefs $(cat "/cache/$1/composefs.version")"
	tool "$(fio --version)"
	tool "$(rustc --version)"' sh "${tools##*/}"
