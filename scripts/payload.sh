#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Gathers what a guest gets at /cofs, and prints the directory:
#
#   scripts/payload.sh NAME MODULE
. "$(dirname "$0")/lib.sh"

dir=$COFS_TOP/build/payload/$1
probe=$("$COFS_TOP/tests/probe.sh")
rm -rf "$dir"
mkdir -p "$dir"
cp -a "$COFS_TOP/tests" "$dir/tests"
cp -a "$COFS_TOP/Documentation/ABI/testing" "$dir/ABI"
cp -a "$COFS_TOP/Documentation/examples" "$dir/examples"
cp "$2" "$dir/cofs.ko"
cp "$probe" "$dir/probe"
cp "${probe%/*}/cofs-stress" "$dir/cofs-stress"
# As the unit tests have built it, without what only a debugger wants.
step 30 "building cofsctl" "$COFS_CACHE/log/cofsctl.log" \
	"$COFS_TOP/scripts/in-root" --chdir /cofs/rust sh -euc '
	cargo build --quiet --locked --package cofsctl --target-dir /cofs/build/target
	strip -o "/cofs/build/payload/$1/cofsctl" /cofs/build/target/debug/cofsctl
	' sh "$1"
echo "$dir"
