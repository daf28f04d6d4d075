#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes a Debian root, and prints its path. Kept in the cache under the hash of its package list.
#
#   scripts/root.sh                  trixie: the toolchain, QEMU and the guest's programs
#   scripts/root.sh RELEASE|SUITE    the one whose compilers built that kernel, the kernels of that suite
. "$(dirname "$0")/lib.sh"
need_root "$@"

case ${1:-trixie} in
trixie* | *+deb13-*) suite=trixie list=root others='trixie-backports forky' disk=16 ;;
*) suite=forky list=root-forky others=experimental disk=4 ;;
esac
packages=$(grep -v '^#' "$COFS_TOP/scripts/$list.packages")
root=$COFS_CACHE/root-$suite-$(key "$packages")
[ -e "$root/.complete" ] && { echo "$root"; exit; }

need_disk $disk
with_lock "$list"
[ -e "$root/.complete" ] && { echo "$root"; exit; }

if ! command -v mmdebstrap >/dev/null; then
	command -v apt-get >/dev/null || die "mmdebstrap is missing and this is not Debian: install mmdebstrap"
	step 20 "installing mmdebstrap" "$COFS_CACHE/log/apt.log" sh -c \
		'apt-get -o Acquire::Check-Valid-Until=false update && apt-get install -y --no-install-recommends mmdebstrap'
fi

rm -rf "$root"
# The mirror may lag, so an old Release file is accepted; its signature is still checked.
step 150 "making the $suite root" "$COFS_CACHE/log/$list.log" \
	mmdebstrap --variant=apt --mode=root \
	--aptopt='Acquire::Check-Valid-Until "false"' \
	--aptopt='APT::Install-Recommends "false"' \
	--include="$(grep -v / <<<"$packages" | paste -sd,)" \
	--customize-hook='mkdir -p "$1/cofs" "$1/cache"' \
	$suite "$root"

# Below the root's own suite in priority: backports for the kernel and forky for erofs-utils, experimental for
# the kernel. The mirror is the one that mmdebstrap chose.
mirror=$(sed -n "s/^deb \(\[[^]]*\] \)\?\([^ ]*\) $suite main.*/\2/p" "$root/etc/apt/sources.list" | head -1)
[ -n "$mirror" ] || mirror=$(awk '/^URIs:/ { print $2; exit }' "$root"/etc/apt/sources.list.d/*.sources)
[ -n "$mirror" ] || die "cannot tell the mirror from $root/etc/apt"
for other in $others; do echo "deb $mirror $other main"; done >"$root/etc/apt/sources.list.d/cofs.list"
if [ $suite = trixie ]; then
	echo "deb-src $mirror forky main" >>"$root/etc/apt/sources.list.d/cofs.list"
	cat >"$root/etc/apt/preferences.d/cofs" <<-PREF
		Package: *
		Pin: release n=forky
		Pin-Priority: 50
	PREF
fi
step 30 "installing the packages of other suites" "$COFS_CACHE/log/$list-suites.log" \
	"$COFS_TOP/scripts/in-root" --root "$root" sh -euc '
	apt-get -o Acquire::Check-Valid-Until=false update
	[ $# = 0 ] || apt-get install -y --no-install-recommends "$@"' sh $(grep / <<<"$packages")
touch "$root/.complete"
echo "$root"
