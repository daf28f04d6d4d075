#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Finds two versions of one server that the archive has now. Prints two lines, older first:
#   PACKAGE VERSION SUITE SOURCE[,SOURCE]
# where a SOURCE is URL|SUITE.
#
#   PAIR=PACKAGE                 two versions of that package
#   PAIR="PACKAGE OLDER NEWER"   exactly these
. "$(dirname "$0")/../lib.sh"

read -r package older newer <<<"${PAIR:-}" || true
packages=${package:-redis-server nginx postgresql-17 mariadb-server}
[ -z "${older:-}" ] || [ -n "${newer:-}" ] || die "PAIR is a package, or a package and two versions"

# "VERSION URL SUITE" of all that is on offer. The security suite comes first because it
# changes least else: the nearest to what a host sees after an update.
offers() {	# PACKAGE
	"$COFS_TOP/scripts/in-root" apt-cache madison "$1" </dev/null |
		awk -F ' *[|] *' '$3 ~ / Packages$/ { split($3, s, " "); sub("/.*", "", s[2]); print $2, s[1], s[2] }'
}

offer() {	# OFFERS SUITE [VERSION]
	awk -v suite="$2" -v version="${3:-}" \
		'$3 == suite && (version == "" || $1 == version) { print; exit }' <<<"$1"
}

find_pair() {	# PACKAGE
	local all base other suite
	all=$(offers "$1")
	base=$(offer "$all" trixie "${older:-}")
	[ -n "$base" ] || return 1
	for suite in trixie-security trixie-updates trixie-backports forky; do
		other=$(offer "$all" "$suite" "${newer:-}")
		[ -n "$other" ] && [ "${other%% *}" != "${base%% *}" ] || continue
		print_pair "$1" "$base" "$other"
		return
	done
	return 1
}

print_pair() {	# PACKAGE BASE OTHER
	local v1 u1 s1 v2 u2 s2 sources
	read -r v1 u1 s1 <<<"$2"
	read -r v2 u2 s2 <<<"$3"
	# A later release stands alone; the other suites are additions to trixie.
	[ "$s2" = forky ] && sources="$u2|$s2" || sources="$u1|$s1,$u2|$s2"
	echo "$1 $v1 $s1 $u1|$s1"
	echo "$1 $v2 $s2 $sources"
}

for p in $packages; do
	find_pair "$p" && exit
done
die "the archive has no two versions of ${PAIR:-$packages} now: try again later, or set PAIR=\"PACKAGE OLDER NEWER\""
