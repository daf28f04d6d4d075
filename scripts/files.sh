#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Prints the project's files, those not yet committed too, but none that git ignores:
#
#   scripts/files.sh [PATTERN...]
. "$(dirname "$0")/lib.sh"

# The checkout may belong to another user than the one who checks.
git -C "$COFS_TOP" -c "safe.directory=$COFS_TOP" ls-files --cached --others --exclude-standard -- "$@" |
	while read -r file; do
		[ ! -f "$COFS_TOP/$file" ] || echo "$file"
	done | sort -u
