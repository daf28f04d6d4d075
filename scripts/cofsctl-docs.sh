#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes cofsctl's man pages and completions anew; its tests fail where they are old.
. "$(dirname "$0")/lib.sh"
need_root "$@"

kept=rust/tools/cofsctl
step 60 "making cofsctl's man pages and completions" "$COFS_TOP/build/log/cofsctl-docs.log" \
	"$COFS_TOP/scripts/in-root" --chdir /cofs/rust sh -euc '
	rm -rf "/cofs/$1/man" "/cofs/$1/completions"
	cargo run --quiet --locked --package cofsctl --target-dir /cofs/build/target -- generate "/cofs/$1"
	' sh "$kept"
git -C "$COFS_TOP" -c "safe.directory=$COFS_TOP" status --short -- "$kept/man" "$kept/completions"
