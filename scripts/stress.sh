#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Everything at once, for long: plain and LZ4 images of two versions of a package, on devices and in files
# (tests/170-stress.sh). Then the module is unloaded. Ends with the counts.
#
#   TIME=30m       how long: seconds, or minutes (30m), or hours (8h)
#   KERNEL=debug   instead of the stock kernel; allocations and requests fail there, too
#   SEED=N         what is chosen follows from it (the time of day)
#   FAULTS=none    nothing is made to fail
#   PAIR=PACKAGE   as for `make demo`
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/long-run.sh"
need_root "$@"
cd "$COFS_TOP"

: "${TIME:=30m}" "${KERNEL:=stock}" "${SEED:=$(date +%s)}" "${FAULTS:=all}"
case $TIME in
*h) seconds=$((${TIME%h} * 3600)) ;;
*m) seconds=$((${TIME%m} * 60)) ;;
*) seconds=${TIME%s} ;;
esac
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "stress.sh: TIME is '$TIME', not a number of seconds, or one of minutes with m"
[[ $SEED =~ ^[0-9]+$ ]] || die "stress.sh: SEED is '$SEED', not a number"
ready stress
scale=1
[ "$KERNEL" = stock ] || scale=4

# The pair, and a disk with its images as files and the lists of what they must hold.
scripts/demo/pair.sh >"$out/pair"
dirs=()
while read -r package version suite sources; do
	say "$((${#dirs[@]} + 1)): $package $version ($suite)"
	dirs+=("$(scripts/demo/image.sh "$package" "$version" "$suite" "$sources" </dev/null)")
done <"$out/pair"
disk=$COFS_CACHE/stress-$(key "${dirs[@]##*/}" "$(cat rust/tools/stress/src/golden.rs)").ext4
if to_make "$disk" stress-disk; then
	need_disk 2
	step 60 "making the disk with the pair" "$COFS_CACHE/log/stress-disk.log" \
		scripts/in-root --chdir /cache bash -euo pipefail -c '
		work=/cache/stress.work disk=$1
		rm -rf $work
		mkdir $work
		half=a
		for dir in "$2" "$3"; do
			/cofs/build/target/release/cofs-stress golden "$dir/tree" >$work/$half.list
			for kind in plain lz4; do
				cp --reflink=auto "$dir/$kind.erofs" $work/$half-$kind.img
			done
			half=b
		done
		size=$(du -sm $work | cut -f1)
		rm -f "$disk.tmp"
		truncate -s $((size + size / 8 + 32))M "$disk.tmp"
		mke2fs -q -t ext4 -O ^has_journal -m 0 -d $work "$disk.tmp"
		rm -rf $work
		mv "$disk.tmp" "$disk"' sh "/cache/${disk##*/}" "/cache/${dirs[0]##*/}" "/cache/${dirs[1]##*/}"
	unlock
fi

limit=$((seconds + seconds / 2 + 1200 * scale))
say "seed $SEED, $seconds s"
run_tests $((seconds + 120 * scale)) "stress on the $KERNEL kernel" $((limit + 300)) --drive "pair=$disk" \
	--drive "a-plain=${dirs[0]}/plain.erofs" --drive "a-lz4=${dirs[0]}/lz4.erofs" \
	--drive "b-plain=${dirs[1]}/plain.erofs" --drive "b-lz4=${dirs[1]}/lz4.erofs" -- \
	env SCALE=$scale LIMIT="$limit" TIME="$seconds" SEED="$SEED" FAULTS="$FAULTS" WORKERS=4 \
	tests/run.sh 170 900 910
sed -n 's/^  # \([^#].*\)/\1/p' "$out/guest.ktap" | sed '/^Subtest: 900/,$d; /^Subtest/d'
# Some workers are in groups at their limit, and one that is killed there is counted.
verdict --groups-may-kill
