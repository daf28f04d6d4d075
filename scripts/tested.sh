#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Refuses, in words, a kernel release outside the range that cofs is tested on:
#
#   scripts/tested.sh RELEASE
. "$(dirname "$0")/lib.sh"

series=$(cut -d. -f1,2 <<<"$1")
grep -qxF "$series" "$COFS_TOP/scripts/kernels.tested" ||
	die "kernel $1 is not in the tested range: $(grep -v '^#' "$COFS_TOP/scripts/kernels.tested" | paste -sd' ') (scripts/kernels.tested)"
