#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Many mutated images on the stock kernel, or with KERNEL=debug on the other, then the module is
# unloaded and what it left is counted:
#
#   MUTANTS=N    how many (10,000)
#   FIRST=SEED   the first seed (1,000,000: none of those in `make check`)
#   PEER=erofs   compared with erofs too; the reference reader alone is the default
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"

: "${MUTANTS:=10000}" "${FIRST:=1000000}" "${PEER:=none}" "${KERNEL:=stock}"
for number in "$MUTANTS" "$FIRST"; do
	[[ $number =~ ^[0-9]+$ ]] || die "mutants.sh: '$number' is not a number"
done
out=build/mutants
mkdir -p "$out"
build=()
case $KERNEL in
stock) per_second=10 ;;
debug) per_second=2 build=(--debug); scripts/own-kernel.sh debug >/dev/null ;;
*) die "mutants.sh: KERNEL is stock or debug, not '$KERNEL'" ;;
esac
expect=$((MUTANTS / per_second + 60))
module=$(scripts/modules.sh "${build[@]}")
images=$(tests/images.sh)
payload=$(scripts/payload.sh "mutants-$KERNEL" "$module")

status=0
# The guest stops what takes four times as long as it should.
(step "$expect" "$MUTANTS mutated images from seed $FIRST" "$out/guest.log" \
	qemu/run.sh --kernel "$KERNEL" --payload "$payload" --timeout $((4 * expect + 60)) \
	--drive "images=$images" --drive "a=${images%/*}/a.img" --drive "b=${images%/*}/b.img" \
	--console "$out/console" --out "$out/guest.ktap" -- \
	env LIMIT=$((4 * expect)) MUTANTS="$MUTANTS" FIRST="$FIRST" PEER="$PEER" \
	tests/run.sh 050 900 910) || status=$?
qemu/check-dmesg.sh "$out/console" || status=1
grep -E '^ +# (mutant|the reader|by )' "$out/guest.ktap" || true
scripts/in-root scripts/ktap.py "$out/guest.ktap" || status=1
exit "$status"
