#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What one pair of versions takes, with every filesystem in one boot: all files read; in another, the files of one
# image walked and read; and in a third, both servers run. Leaves WORK/{pair,walk,service}-NAME.{out,versions}, of
# which are in WORK/works.
#
#   pair.sh WORK NAME [ROW]...
. "$(dirname "$0")/../lib.sh"
need_root "$@"
cd "$COFS_TOP"
work=$1 name=$2
shift 2

# Its two versions, a line for each, as scripts/demo/pair.sh prints them.
case $name in
redis) found=$(PAIR=redis-server scripts/demo/pair.sh) ;;
nginx | nodejs) found=$(PAIR=$name scripts/demo/pair.sh) ;;
postgres) found=$(PAIR=postgresql-17 scripts/demo/pair.sh) ;;
mariadb) found=$(scripts/bench/suite-pair.sh mariadb-server bookworm) ;;
tomcat) found=$(PAIR=tomcat10 scripts/demo/pair.sh) ;;
# NumPy 2 came later, and it does not work with that.
tensorflow) found=$(scripts/bench/pypi-pair.sh tensorflow 2.11.0 2.11.1 bullseye python3-distutils 'numpy<2') ;;
*) die "no pair '$name': redis, nginx, nodejs, postgres, mariadb, tomcat, tensorflow" ;;
esac

entries=() versions=()
package=${found%% *}
while read -r _ version from sources wheels; do
	entries+=("$(scripts/demo/image.sh "$package" "$version" "$from" "$sources" ${wheels:+"$wheels"} </dev/null)")
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

# MiB of what the page cache is to hold, the files and the clusters that are kept; and of images, for a guest
# that has those in memory as well: all of one version, or the largest of each.
sum() { du -cm --apparent-size "$@" | awk 'END { print $1 }'; }
largest() { du -m --apparent-size "$@" | awk '$1 > max { max = $1 } END { print max }'; }
cached=$(sum "${entries[@]/%//tree}" "${entries[@]/%//lz4.erofs}")
images=$(sum "${entries[0]}"/*.erofs "$others"/{*-a,store})
both=$(($(largest "${entries[0]}"/*.erofs "$others/ext4-a") + $(largest "${entries[1]}"/*.erofs "$others"/{ext4-b,store})))

status=0
have=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
# boot LAB MIB OPTION... -- ARGUMENT...
boot() {
	local lab=$1 mem=$2 options=()
	grep -q "^$lab " "$work/works" || return 0
	shift 2
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	if [ "$mem" -gt $((have * 3 / 4)) ]; then
		say "$name: $lab is left out: the guest would take $mem MiB of memory, the machine has $have"
		return
	fi
	(step $((100 + cached / 4)) "$name: $lab in the guest" "$work/$lab-$name.log" \
		qemu/run.sh "${drives[@]}" --payload "$work/payload" --mem "$mem" --timeout 14400 "${options[@]}" \
		--console "$work/$lab-$name.console" --out "$work/$lab-$name.out" -- sh guest.sh "$lab" "$@") || status=1
	qemu/check-dmesg.sh "$work/$lab-$name.console" ||
		die "the guest's kernel complained: see $work/$lab-$name.console"
	echo "$package ${versions[*]}" >"$work/$lab-$name.versions"
}
boot pair $((2048 + cached)) --smp 2 -- "$@"
boot walk $((2048 + images)) --icount -- "$@"
boot service $((2048 + cached + both)) --icount -- "$package" "$@"
exit $status
