#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# rustfmt with the kernel's settings over every Rust file; --check only looks.
. "$(dirname "$0")/lib.sh"
need_root "$@"

mapfile -t files < <("$COFS_TOP/scripts/files.sh" '*.rs')
[ ${#files[@]} -gt 0 ] || die "git lists no Rust files in $COFS_TOP"
config=$(basename "$("$COFS_TOP/scripts/kernel.sh")")/source/.rustfmt.toml
exec "$COFS_TOP/scripts/in-root" rustfmt "$@" --edition 2021 --config-path "/cache/$config" "${files[@]}"
