#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The kernels that cofs is tested on (scripts/kernels.tested):
#
#   scripts/tested.sh            prints their series, in order
#   scripts/tested.sh RELEASE    refuses, in words, a release of another; UNTESTED=1 lets it pass
#   scripts/tested.sh --readme   fails when README.md says anything else
. "$(dirname "$0")/lib.sh"

tested=$(grep -v '^#' "$COFS_TOP/scripts/kernels.tested")
case ${1:-} in
'') echo "$tested" ;;
--readme)
	words=$(paste -sd' ' <<<"$tested" | sed 's/ / and /g')
	grep -qF "Tested on Linux $words," "$COFS_TOP/README.md" ||
		die "README.md does not say 'Tested on Linux $words,' as scripts/kernels.tested does"
	;;
*)
	[ -n "${UNTESTED:-}" ] || grep -qxF "$(grep -o '^[0-9]*\.[0-9]*' <<<"$1")" <<<"$tested" ||
		die "kernel $1 is not in the tested range: $(paste -sd' ' <<<"$tested") (scripts/kernels.tested)"
	;;
esac
