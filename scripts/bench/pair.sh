#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What one pair of versions takes: with every filesystem in one boot, all files read; and in another,
# both servers run. Leaves WORK/{pair,service}-NAME.{out,versions}, of which are in WORK/works.
#
#   pair.sh WORK NAME [ROW]...
. "$(dirname "$0")/../lib.sh"
need_root "$@"
cd "$COFS_TOP"
work=$1 name=$2
shift 2

package=$name suite=
case $name in
redis) package=redis-server ;;
postgres) package=postgresql-17 ;;
nginx | nodejs) ;;
mariadb) package=mariadb-server suite=bookworm ;;
tomcat) package=tomcat10 ;;
*) die "no pair '$name': redis, nginx, postgres, nodejs, mariadb, tomcat" ;;
esac
if [ -n "$suite" ]; then
	found=$(scripts/bench/suite-pair.sh "$package" "$suite")
else
	found=$(PAIR=$package scripts/demo/pair.sh)
fi

entries=() versions=()
while read -r _ version from sources; do
	entries+=("$(scripts/demo/image.sh "$package" "$version" "$from" "$sources" </dev/null)")
	versions+=("$version")
done <<<"$found"
[ ${#entries[@]} = 2 ] || die "the archive has no two versions of $package now"
others=$(scripts/bench/pair-images.sh "$name" "${entries[@]}")
drives=(--drive "plain.store=$others/store")
for i in 0 1; do
	letter=$(printf '%x' $((10 + i)))
	drives+=(--drive "plain-$letter=${entries[i]}/plain.erofs" --drive "lz4-$letter=${entries[i]}/lz4.erofs"
		--drive "plain-$letter.ext4=$others/ext4-$letter" --drive "plain-$letter.cfs=$others/cfs-$letter"
		--drive "lz4-$letter.sqlz4=$others/sqlz4-$letter" --drive "lz4-$letter.sqzstd=$others/sqzstd-$letter")
done

status=0
# boot LAB SECONDS OPTION... -- ARGUMENT...
boot() {
	local lab=$1 about=$2 options=()
	shift 2
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	(step "$about" "$name: $lab in the guest" "$work/$lab-$name.log" \
		qemu/run.sh "${drives[@]}" --payload "$work/payload" --mem 4096 --timeout 7200 "${options[@]}" \
		--console "$work/$lab-$name.console" --out "$work/$lab-$name.out" -- sh guest.sh "$lab" "$@") || status=1
	qemu/check-dmesg.sh "$work/$lab-$name.console" ||
		die "the guest's kernel complained: see $work/$lab-$name.console"
	echo "$package ${versions[*]}" >"$work/$lab-$name.versions"
}
! grep -q '^pair ' "$work/works" || boot pair 200 --smp 2 -- "$@"
! grep -q '^service ' "$work/works" || boot service 200 --icount -- "$package" "$@"
exit $status
