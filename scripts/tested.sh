#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The kernels that cofs is tested on (scripts/kernels.tested):
#
#   scripts/tested.sh            prints their series, in order
#   scripts/tested.sh RELEASE    refuses, in words, a release of another
. "$(dirname "$0")/lib.sh"

tested=$(grep -v '^#' "$COFS_TOP/scripts/kernels.tested")
[ $# != 0 ] || { echo "$tested"; exit; }
grep -qxF "$(cut -d. -f1,2 <<<"$1")" <<<"$tested" ||
	die "kernel $1 is not in the tested range: $(paste -sd' ' <<<"$tested") (scripts/kernels.tested)"
