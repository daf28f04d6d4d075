#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Two versions of a package of PyPI, over the python3 of one Debian release. Prints two lines, older first, as
# scripts/demo/pair.sh does, with what scripts/demo/image.sh installs.
#
#   pypi-pair.sh PACKAGE OLDER NEWER SUITE DEBIAN_PACKAGE [REQUIREMENT]...
. "$(dirname "$0")/../lib.sh"
need_root "$@"
[ $# -ge 5 ] || die "usage: pypi-pair.sh PACKAGE OLDER NEWER SUITE DEBIAN_PACKAGE [REQUIREMENT]..."
package=$1 older=$2 newer=$3 suite=$4 base=$5
shift 5

root=$("$COFS_TOP/scripts/root.sh")
main=$(awk '$1 == "deb" && $3 == "trixie" { print $2; exit }' "$root/etc/apt/sources.list")
[ -n "$main" ] || die "cannot tell the mirror from $root/etc/apt/sources.list"
for version in "$older" "$newer"; do
	requirements=("$package==$version" "$@")
	echo "$package $version $suite $main|$suite $base|$(IFS=,; echo "${requirements[*]}")"
done
