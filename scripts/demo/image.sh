#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the root filesystem that a slim container image of one package holds, and EROFS images of
# it with fingerprints, plain and LZ4. Prints the cache entry: DIR/{tree,plain.erofs,lz4.erofs,package}.
#
#   image.sh PACKAGE VERSION SUITE URL|SUITE[,URL|SUITE]      (a line of pair.sh)
#   image.sh PACKAGE VERSION SUITE URL|SUITE DEBIAN_PACKAGE|REQUIREMENT[,REQUIREMENT]...
#
# The second is for packages of PyPI, which come over a Debian package: the python3 that they need.
. "$(dirname "$0")/../lib.sh"
need_root "$@"
[ $# = 4 ] || [ $# = 5 ] || die "usage: image.sh PACKAGE VERSION SUITE URL|SUITE[,URL|SUITE] [DEBIAN_PACKAGE|REQUIREMENT,...]"
package=$1 version=$2 suite=$3 wheels=${5:-}
IFS=, read -ra sources <<<"$4"

# The mirror is no part of the content; what this script does to it is.
suites=$(printf '%s\n' "${sources[@]##*|}")
dir=$COFS_CACHE/demo-$package-$(key "$package" "$version" "$suites" "$wheels" "$(cat "$0" "${0%/*}/wheels.sh")")
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
disk=2 about=40 include=$package=$version
[ -z "$wheels" ] || disk=8 about=200 include=${wheels%%|*},ca-certificates
need_disk $disk
with_lock "$(basename "$dir")"
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }

root=$("$COFS_TOP/scripts/root.sh")
deb=()
for s in "${sources[@]}"; do
	deb+=("deb ${s%|*} ${s##*|} main")
done
options=()
# Backports yield to trixie unless asked for by name, and so would the package's own parts.
[ "$suite" != trixie-backports ] || options+=(--aptopt="APT::Default-Release \"$suite\"")
# As slim images do: no manuals, no translations, no documentation but licences.
for path in man locale info lintian linda groff doc; do
	options+=(--dpkgopt="path-exclude=/usr/share/$path/*")
done
options+=(--dpkgopt='path-include=/usr/share/doc/*/copyright')
# Java's packages link their manuals there, and fail where they cannot.
options+=(--essential-hook='mkdir -p "$1/usr/share/man/man1"')
if [ -n "$wheels" ]; then
	IFS=, read -ra requirements <<<"${wheels#*|}"
	options+=(--customize-hook="$(printf '%q ' "$COFS_TOP/scripts/demo/wheels.sh") \"\$1\" $(printf '%q ' "${requirements[@]}")")
fi

rm -rf "$dir"
mkdir -p "$dir"
step $about "making a root with $package $version ($suite)" "$COFS_CACHE/log/$(basename "$dir").log" \
	mmdebstrap --variant=minbase --mode=root \
	--keyring="$root/usr/share/keyrings/debian-archive-keyring.gpg" \
	--aptopt='Acquire::Check-Valid-Until "false"' \
	--aptopt='APT::Install-Recommends "false"' \
	"${options[@]}" --include="$include" \
	--customize-hook='rm -f "$1/etc/resolv.conf" "$1/etc/hostname" "$1/etc/machine-id"' \
	--customize-hook='find "$1/var/cache" "$1/var/log" -type f -delete' \
	"${sources[0]##*|}" "$dir/tree" "${deb[@]}"
echo "$package $version" >"$dir/package"
if [ -n "$wheels" ]; then
	installed=$(chroot "$dir/tree" python3 -Bc "import importlib.metadata as m; print(m.version('$package'))")
else
	installed=$(chroot "$dir/tree" dpkg-query -W -f '${Version}' "$package")
fi
[ "$installed" = "$version" ] || die "the root holds $package $installed, not $version"

mkfs() {	# NAME OPTION...
	local name=$1
	shift
	step $((about / 4)) "making its $name image" "$COFS_CACHE/log/$(basename "$dir")-$name.log" \
		"$COFS_TOP/scripts/in-root" --chdir "/cache/$(basename "$dir")" mkfs.erofs --quiet \
		--xattr-inode-digest=trusted.erofs.fingerprint "$@" "$name.erofs" tree
}
mkfs plain
mkfs lz4 -zlz4hc -C65536
touch "$dir/.complete"
echo "$dir"
