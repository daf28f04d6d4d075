#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds the probe in the trixie root, whose C library is the guest's, and prints its path. The stress
# program is beside it.
. "$(dirname "$0")/../scripts/lib.sh"
need_root "$@"

step 30 "building the tests' programs" "$COFS_CACHE/log/probe.log" \
	"$COFS_TOP/scripts/in-root" --chdir /cofs/rust env CARGO_TARGET_DIR=/cofs/build/target \
	cargo build --release --package cofs-probe --package cofs-stress
echo "$COFS_TOP/build/target/release/probe"
