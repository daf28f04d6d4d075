#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The tests that cargo runs in user space:
#
#   scripts/unit.sh [LOG]
. "$(dirname "$0")/lib.sh"
need_root "$@"

step 90 "unit and property tests" "${1:-$COFS_TOP/build/log/unit.log}" \
	"$COFS_TOP/scripts/in-root" --chdir /cofs/rust cargo test --workspace --locked --no-fail-fast \
	--target-dir /cofs/build/target
