#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes build/docs/ of Documentation/ by Sphinx; a warning is an error. Sphinx has a root of its own
# in the cache, so that nobody else waits for it.
. "$(dirname "$0")/lib.sh"
need_root "$@"

packages=python3-sphinx
root=$COFS_CACHE/root-docs-$(key trixie "$packages")
if [ ! -e "$root/.complete" ]; then
	# The other root's script installs mmdebstrap where that is missing.
	command -v mmdebstrap >/dev/null || "$COFS_TOP/scripts/root.sh" >/dev/null
	need_disk 1
fi
if to_make "$root/.complete" root-docs; then
	rm -rf "$root"
	step 60 "making the root for Sphinx" "$COFS_CACHE/log/root-docs.log" \
		mmdebstrap --variant=apt --mode=root \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--aptopt='APT::Install-Recommends "false"' \
		--include="$packages" \
		--customize-hook='mkdir -p "$1/cofs" "$1/cache"' \
		--customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' \
		trixie "$root"
	touch "$root/.complete"
	unlock
fi

rm -rf "$COFS_TOP/build/docs"
mkdir -p "$COFS_TOP/build/docs"
step 20 "making the documentation" "$COFS_TOP/build/log/docs.log" \
	"$COFS_TOP/scripts/in-root" --root "$root" \
	sphinx-build -W --keep-going -n -b html -d /tmp/doctrees Documentation build/docs
say "open $COFS_TOP/build/docs/index.html"
