#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images with seeded random changes. Nothing may crash or hang, and nothing be served that
# erofs refuses. Being stricter than erofs is allowed, and counted.
. "$(dirname "$0")/lib/guest.sh"

images=(default extended chunk index 512 prefix)
: "${MUTANTS:=$((60 / SCALE))}"
plan ${#images[@]}

for name in "${images[@]}"; do
	output=$(probe mutants "$FS" erofs "$IMAGES/h-$name.img" 0 "$MUTANTS" 2>&1)
	rc=$?
	diag "$output"
	if [ $rc = 0 ]; then ok "$name"; else not_ok "$name"; fi
done
