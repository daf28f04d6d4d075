#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Eight readers of compressed files while a program takes the guest's memory, then the module is unloaded:
#
#   TIME=SECONDS     how long (1800)
#   KERNEL=stock     instead of the debug kernel
#   LEAVE=MIB        what is left for everybody's pages (64)
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"

: "${TIME:=1800}" "${KERNEL:=debug}" "${LEAVE:=64}"
for number in "$TIME" "$LEAVE"; do
	[[ $number =~ ^[1-9][0-9]*$ ]] || die "pressure.sh: '$number' is not a number"
done
out=build/pressure
mkdir -p "$out"
build=()
case $KERNEL in
stock) ;;
debug) build=(--debug); scripts/own-kernel.sh debug >/dev/null ;;
*) die "pressure.sh: KERNEL is stock or debug, not '$KERNEL'" ;;
esac
module=$(scripts/modules.sh "${build[@]}")
images=$(tests/images.sh)
payload=$(scripts/payload.sh "pressure-$KERNEL" "$module")
limit=$((2 * TIME + 600))

status=0
(step $((TIME + 120)) "$TIME s of readers without memory" "$out/guest.log" \
	qemu/run.sh --kernel "$KERNEL" --payload "$payload" --timeout $((limit + 300)) \
	--drive "images=$images" --drive "a=${images%/*}/a.img" --drive "b=${images%/*}/b.img" \
	--console "$out/console" --out "$out/guest.ktap" -- \
	env SCALE=4 LIMIT="$limit" TIME="$TIME" LEAVE="$LEAVE" tests/run.sh 161 900 910) || status=$?
qemu/check-dmesg.sh "$out/console" || status=1
grep -E '^ +# ' "$out/guest.ktap" || true
scripts/in-root scripts/ktap.py "$out/guest.ktap" || status=1
exit "$status"
