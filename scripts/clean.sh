#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Removes what was built here; with --cache what the cache holds too.
. "$(dirname "$0")/lib.sh"
need_root "$@"

rm -rf "$COFS_TOP/build"
[ "${1:-}" = --cache ] || exit 0
# By name: COFS_CACHE may be a directory that holds other things. What a run that was cut off has left is here too.
cd "$COFS_CACHE" 2>/dev/null || exit 0
rm -rf --one-file-system \
	root-{trixie,forky,docs}-* deb-root-* secure-boot-* guest-root-* guest-root.* workloads-root-* machine-* \
	kernel-* kernel.choice debug-* uml-* boot-* accel accel.[0-9]* \
	images-* images.work demo-* fuzz-* bench-* stress-* stress.work containerd-* systemd-* workloads-* \
	run.?????? target target-* cargo wheels home log locks
cd / && rmdir --ignore-fail-on-non-empty "$COFS_CACHE"
