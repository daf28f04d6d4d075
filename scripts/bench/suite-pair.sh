#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Finds two versions of a package within one Debian release, the one it came out with and the one of its
# security or updates suite. Prints two lines, older first, as scripts/demo/pair.sh does.
#
#   suite-pair.sh PACKAGE SUITE
. "$(dirname "$0")/../lib.sh"
need_root "$@"
[ $# = 2 ] || die "usage: suite-pair.sh PACKAGE SUITE"
package=$1 suite=$2

root=$("$COFS_TOP/scripts/root.sh")
main=$(awk '$1 == "deb" && $3 == "trixie" { print $2; exit }' "$root/etc/apt/sources.list")
security=$(awk '$1 == "deb" && $3 == "trixie-security" { print $2; exit }' "$root/etc/apt/sources.list")
[ -n "$main" ] || die "cannot tell the mirror from $root/etc/apt/sources.list"

name=bench-apt-$suite
dir=$COFS_CACHE/$name
mkdir -p "$dir/lists/partial" "$dir/archives/partial"
printf 'deb %s main\n' "$main $suite" "$main $suite-updates" ${security:+"$security $suite-security"} >"$dir/sources.list"
apt=(-o "Dir::Etc::sourcelist=/cache/$name/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=-
	-o "Dir::State::lists=/cache/$name/lists" -o "Dir::Cache=/cache/$name" -o Acquire::Check-Valid-Until=false)
if [ -z "$(find "$dir/stamp" -mtime -1 2>/dev/null)" ]; then
	step 10 "reading the package lists of $suite" "$COFS_CACHE/log/$name.log" \
		"$COFS_TOP/scripts/in-root" apt-get "${apt[@]}" update
	touch "$dir/stamp"
fi
offers=$("$COFS_TOP/scripts/in-root" apt-cache "${apt[@]}" madison "$package" </dev/null |
	awk -F ' *[|] *' '$3 ~ / Packages$/ { split($3, s, " "); sub("/.*", "", s[2]); print $2, s[1], s[2] }')

read -r older url _ < <(awk -v suite="$suite" '$3 == suite' <<<"$offers") || true
[ -n "${older:-}" ] || die "$suite has no $package now"
for other in "$suite-security" "$suite-updates"; do
	read -r newer also _ < <(awk -v suite="$other" '$3 == suite' <<<"$offers") || continue
	[ "$newer" != "$older" ] || continue
	echo "$package $older $suite $url|$suite"
	echo "$package $newer $other $url|$suite,$also|$other"
	exit
done
die "$suite has no two versions of $package now"
