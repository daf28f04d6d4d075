#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The tests that cargo runs in user space:
#
#   scripts/unit.sh [LOG]
. "$(dirname "$0")/lib.sh"
need_root "$@"

# The LZ4 decoder is compared with the kernel's.
kernel=$("$COFS_TOP/scripts/kernel.sh")
step 90 "unit and property tests" "${1:-$COFS_TOP/build/log/unit.log}" \
	"$COFS_TOP/scripts/in-root" --chdir /cofs/rust \
	env KERNEL_SOURCE="/cache/${kernel##*/}/source" cargo test --workspace --locked --no-fail-fast \
	--target-dir /cofs/build/target
