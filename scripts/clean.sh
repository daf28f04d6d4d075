#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Removes what was built here; with --cache what the cache holds too.
. "$(dirname "$0")/lib.sh"
need_root "$@"

rm -rf "$COFS_TOP/build"
[ "${1:-}" = --cache ] || exit 0
# By name: COFS_CACHE may be a directory that holds other things.
cd "$COFS_CACHE" 2>/dev/null || exit 0
rm -rf --one-file-system root-trixie-* root-forky-* kernel-* debug-* uml-* deb-root-* machine-* guest-root-* boot-* images-* images.work \
	demo-* wheels fuzz-* bench-* run.* target target-* cargo home log locks accel kernel.choice
cd / && rmdir --ignore-fail-on-non-empty "$COFS_CACHE"
