#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Fetches pip, which no root has, and prints the cache entry: DIR/usr/lib/python3/dist-packages/pip.
. "$(dirname "$0")/../lib.sh"
need_root "$@"

root=$("$COFS_TOP/scripts/root.sh")
name=demo-pip-$(key "${root##*/}" "$(cat "$0")")
dir=$COFS_CACHE/$name
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
with_lock demo-pip
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
# The package lists are those that the kernel was chosen from.
"$COFS_TOP/scripts/kernel.sh" >/dev/null
rm -rf "$dir"
mkdir -p "$dir"
step 5 "fetching pip" "$COFS_CACHE/log/demo-pip.log" \
	"$COFS_TOP/scripts/in-root" --chdir "/cache/$name" sh -euc '
	apt-get download python3-pip
	dpkg-deb -x python3-pip_*.deb .
	rm python3-pip_*.deb'
touch "$dir/.complete"
echo "$dir"
