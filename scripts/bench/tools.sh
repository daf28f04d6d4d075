#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Fetches what makes the images of other filesystems, mksquashfs and mkcomposefs, which nothing
# but the bench needs, and prints the cache entry: their files below DIR/usr, run by DIR/run.
. "$(dirname "$0")/../lib.sh"
need_root "$@"

root=$("$COFS_TOP/scripts/root.sh")
name=bench-tools-$(key "${root##*/}" "$(cat "$0")")
dir=$COFS_CACHE/$name
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
with_lock bench-tools
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
# The package lists are those that the kernel was chosen from.
"$COFS_TOP/scripts/kernel.sh" >/dev/null
rm -rf "$dir"
mkdir -p "$dir/debs"
step 10 "fetching mksquashfs and mkcomposefs" "$COFS_CACHE/log/bench-tools.log" \
	"$COFS_TOP/scripts/in-root" --chdir "/cache/$name/debs" sh -euc '
	apt-get download squashfs-tools liblzo2-2 composefs/forky libcomposefs1/forky
	for deb in *.deb; do
		dpkg-deb -x "$deb" ..
	done
	dpkg-deb -f composefs_*.deb Version >../composefs.version'
rm -rf "$dir/debs"
cat >"$dir/run" <<RUN
#!/bin/sh
# In the trixie root: run TOOL ARGUMENT...
export LD_LIBRARY_PATH=/cache/$name/usr/lib/x86_64-linux-gnu PATH=/cache/$name/usr/bin:\$PATH
exec "\$@"
RUN
chmod +x "$dir/run"
touch "$dir/.complete"
echo "$dir"
