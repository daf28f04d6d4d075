#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Many mutated images on the stock kernel, or with KERNEL=debug on the other, then the module is
# unloaded and what it left is counted:
#
#   MUTANTS=N    how many (10,000)
#   FIRST=SEED   the first seed (1,000,000: none of those in `make check`)
#   PEER=erofs   compared with erofs too; the reference reader alone is the default
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/long-run.sh"
need_root "$@"
cd "$COFS_TOP"

: "${MUTANTS:=10000}" "${FIRST:=1000000}" "${PEER:=none}" "${KERNEL:=stock}"
for number in "$MUTANTS" "$FIRST"; do
	[[ $number =~ ^[0-9]+$ ]] || die "mutants.sh: '$number' is not a number"
done
ready mutants
per_second=10
[ "$KERNEL" = stock ] || per_second=2
expect=$((MUTANTS / per_second + 60))

# The guest stops what takes four times as long as it should.
run_tests "$expect" "$MUTANTS mutated images from seed $FIRST" $((4 * expect + 60)) -- \
	env LIMIT=$((4 * expect)) MUTANTS="$MUTANTS" FIRST="$FIRST" PEER="$PEER" tests/run.sh 050 900 910
grep -E '^ +# (mutant|the reader|by )' "$out/guest.ktap" || true
verdict
