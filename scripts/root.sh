#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the Debian trixie root that holds the toolchain, QEMU and the guest's programs, and
# prints its path. Kept in the cache under the hash of its package list.
. "$(dirname "$0")/lib.sh"
need_root "$@"

packages=$(grep -v '^#' "$COFS_TOP/scripts/root.packages")
root=$COFS_CACHE/root-trixie-$(key "$packages")
[ -e "$root/.complete" ] && { echo "$root"; exit; }

need_disk 16
with_lock root
[ -e "$root/.complete" ] && { echo "$root"; exit; }

if ! command -v mmdebstrap >/dev/null; then
	command -v apt-get >/dev/null || die "mmdebstrap is missing and this is not Debian: install mmdebstrap"
	step 20 "installing mmdebstrap" "$COFS_CACHE/log/apt.log" sh -c \
		'apt-get -o Acquire::Check-Valid-Until=false update && apt-get install -y --no-install-recommends mmdebstrap'
fi

rm -rf "$root"
# The mirror may lag, so an old Release file is accepted; its signature is still checked.
step 150 "making the trixie root" "$COFS_CACHE/log/root.log" \
	mmdebstrap --variant=apt --mode=root \
	--aptopt='Acquire::Check-Valid-Until "false"' \
	--aptopt='APT::Install-Recommends "false"' \
	--include="$(grep -v / <<<"$packages" | paste -sd,)" \
	--customize-hook='mkdir -p "$1/cofs" "$1/cache"' \
	trixie "$root"

# Backports for the kernel and forky for erofs-utils, both below trixie in priority. The
# mirror is the one that mmdebstrap chose.
mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) trixie main.*/\2/p' "$root/etc/apt/sources.list" | head -1)
[ -n "$mirror" ] || mirror=$(awk '/^URIs:/ { print $2; exit }' "$root"/etc/apt/sources.list.d/*.sources)
[ -n "$mirror" ] || die "cannot tell the mirror from $root/etc/apt"
cat >"$root/etc/apt/sources.list.d/cofs.list" <<-LIST
	deb $mirror trixie-backports main
	deb $mirror forky main
	deb-src $mirror forky main
LIST
cat >"$root/etc/apt/preferences.d/cofs" <<-PREF
	Package: *
	Pin: release n=forky
	Pin-Priority: 50
PREF
step 30 "installing the packages of other suites" "$COFS_CACHE/log/root-suites.log" \
	"$COFS_TOP/scripts/in-root" --root "$root" sh -euc '
	apt-get -o Acquire::Check-Valid-Until=false update
	apt-get install -y --no-install-recommends "$@"' sh $(grep / <<<"$packages")
touch "$root/.complete"
echo "$root"
