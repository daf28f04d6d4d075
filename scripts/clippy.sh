#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Clippy over both halves, warnings are errors: the crates that cargo builds, and the module
# under Kbuild with the kernel's flags. An argument picks one: cargo or module.
. "$(dirname "$0")/lib.sh"
need_root "$@"

if [ "${1:-cargo}" = cargo ]; then
	step 60 "clippy on the cargo crates" "$COFS_TOP/build/log/clippy-cargo.log" \
		"$COFS_TOP/scripts/in-root" --chdir /cofs/rust cargo clippy --workspace --all-targets --locked \
		--target-dir /cofs/build/target -- -D warnings
	# In its own directory, for the options in its .cargo.
	step 15 "clippy on the fuzz targets" "$COFS_TOP/build/log/clippy-fuzz.log" \
		"$COFS_TOP/scripts/in-root" --chdir /cofs/rust/fuzz cargo clippy --all-targets --locked \
		--target-dir /cofs/build/target-fuzz -- -D warnings
fi
if [ "${1:-module}" = module ]; then
	"$COFS_TOP/scripts/modules.sh" --clippy >/dev/null
fi
