#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the Debian root that the workloads run in, and fetches what PostgreSQL's regression tests are built of.
# Prints the cache entry: DIR/{tree,pg}.
. "$(dirname "$0")/../lib.sh"
need_root "$@"

packages=$(grep -v '^#' "$COFS_TOP/scripts/workloads/packages")
name=workloads-root-$(key "$packages" "$(cat "$0")")
dir=$COFS_CACHE/$name
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
need_disk 6
with_lock workloads-root
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }

# From where the trixie root came. The release alone: mirrors of its updates often lack sources, and the
# tests must be those of the server's version.
root=$("$COFS_TOP/scripts/root.sh")
binary=$(sed -n 's/^deb .* trixie main.*/&/p' "$root/etc/apt/sources.list" | head -n 1)
[ -n "$binary" ] || die "cannot tell the mirror from $root/etc/apt/sources.list"

options=()
for path in man locale info lintian linda groff doc; do
	options+=(--dpkgopt="path-exclude=/usr/share/$path/*")
done
rm -rf "$dir"
mkdir -p "$dir/pg"
# The regression tests are in the source package, what they are linked with in the one for developers.
step 240 "making the workloads' root" "$COFS_CACHE/log/$name.log" \
	mmdebstrap --variant=minbase --mode=root \
	--keyring="$root/usr/share/keyrings/debian-archive-keyring.gpg" \
	--aptopt='Acquire::Check-Valid-Until "false"' \
	--aptopt='APT::Install-Recommends "false"' \
	"${options[@]}" --include="$(paste -sd, <<<"$packages")" \
	--customize-hook='chroot "$1" sh -euc "
		mkdir /fetched
		cd /fetched
		version=\$(dpkg-query -W -f \"\\\${Version}\" postgresql-17)
		apt-get download postgresql-server-dev-17=\$version
		apt-get source --download-only postgresql-17=\$version"' \
	--customize-hook="mv \"\$1\"/fetched/* '$dir/pg/'" \
	--customize-hook='rm -rf "$1/fetched" "$1/etc/resolv.conf"; echo cofs >"$1/etc/hostname"; : >"$1/etc/machine-id"' \
	--customize-hook='find "$1/var/cache" "$1/var/log" -type f -delete' \
	trixie "$dir/tree" "$binary" "${binary/#deb /deb-src }"

touch "$dir/.complete"
echo "$dir"
