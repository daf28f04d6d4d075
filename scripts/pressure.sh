#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Eight readers of compressed files while a program takes the guest's memory, then the module is unloaded:
#
#   TIME=SECONDS     how long (1800)
#   KERNEL=stock     instead of the debug kernel
#   LEAVE=MIB        what is left for everybody's pages (64)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/long-run.sh"
need_root "$@"
cd "$COFS_TOP"

: "${TIME:=1800}" "${KERNEL:=debug}" "${LEAVE:=64}"
for number in "$TIME" "$LEAVE"; do
	[[ $number =~ ^[1-9][0-9]*$ ]] || die "pressure.sh: '$number' is not a number"
done
ready pressure
limit=$((2 * TIME + 600))

run_tests $((TIME + 120)) "$TIME s of readers without memory" $((limit + 300)) -- \
	env SCALE=4 LIMIT="$limit" TIME="$TIME" LEAVE="$LEAVE" tests/run.sh 161 900 910
grep -E '^ +# ' "$out/guest.ktap" || true
verdict
