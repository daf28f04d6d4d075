#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Installs cofs.ko for the kernel it is built for, KDIR's or the stock one:
#
#   [KDIR=TREE] [DESTDIR=DIR] scripts/install.sh
. "$(dirname "$0")/lib.sh"
need_root "$@"

module=$("$COFS_TOP/scripts/modules.sh")
release=$(basename "$(dirname "$module")")
modules=${DESTDIR:-}/lib/modules/$release
[ -d "$modules" ] || die "kernel $release is not installed here (no $modules): install it, or name its tree with KDIR="
command -v depmod >/dev/null || die "depmod is missing: install kmod"
install -D -m 644 "$module" "$modules/updates/cofs.ko"
depmod ${DESTDIR:+-b "$DESTDIR"} "$release"
say "installed $modules/updates/cofs.ko"
