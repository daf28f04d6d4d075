#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds cofsctl and installs it, with its man pages and completions, below PREFIX (/usr/local):
#
#   [DESTDIR=DIR] [PREFIX=DIR] scripts/install-tools.sh
. "$(dirname "$0")/lib.sh"
need_root "$@"

step 90 "building cofsctl" "$COFS_TOP/build/log/cofsctl.log" \
	"$COFS_TOP/scripts/in-root" --chdir /cofs/rust \
	cargo build --release --locked --package cofsctl --target-dir /cofs/build/target
to=${DESTDIR:-}${PREFIX:-/usr/local}
from=$COFS_TOP/rust/tools/cofsctl
install -D -m 755 "$COFS_TOP/build/target/release/cofsctl" "$to/bin/cofsctl"
install -D -m 644 -t "$to/share/man/man1" "$from"/man/*.1
install -D -m 644 -t "$to/share/bash-completion/completions" "$from/completions/cofsctl"
install -D -m 644 -t "$to/share/zsh/site-functions" "$from/completions/_cofsctl"
install -D -m 644 -t "$to/share/fish/vendor_completions.d" "$from/completions/cofsctl.fish"
say "installed $to/bin/cofsctl"
