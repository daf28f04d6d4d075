#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The same work on cofs, erofs, squashfs, ext4 below overlayfs and composefs, in one boot each way of
# measuring: build/bench.json, tables and plots. Never part of a test.
#
#   scripts/bench.sh
#   ROWS="lz4-4k zstd" scripts/bench.sh     only works with one of these in their names; with a comma in it,
#                                           "pair read,": what is between commas
#   PAIRS=redis,nodejs scripts/bench.sh     these pairs of versions, which the works named "pair" take;
#                                           none for none
#   scripts/bench.sh --check                the hot paths alone; fails where cofs loses to erofs
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"
pairs=${PAIRS:-redis,nginx,nodejs}

check=
case ${1:-} in
'') ;;
--check) check=1 ;;
*) die "usage: bench.sh [--check]" ;;
esac

work=$COFS_TOP/build/bench${check:+-check}
rm -rf "$work" "$work".{json,md}
mkdir -p "$work/payload/tests"

# The guest runs the stock kernel whatever KDIR is for.
module=$(env -u KDIR scripts/modules.sh)
step 20 "building the bench" "$COFS_CACHE/log/bench-cargo.log" \
	scripts/in-root --chdir /cofs/rust \
	cargo build --release --locked --package cofs-bench --target-dir /cofs/build/target
cp "$module" "$work/payload/cofs.ko"
cp "$COFS_TOP/build/target/release/cofs-bench" tests/bench/*.sh "$work/payload/"
cp -a tests/demo "$work/payload/tests/"

[[ ${ROWS:-} = *,* ]] && between=, || between=' '
IFS=$between read -ra rows <<<"${ROWS:-}"
scripts/in-root "/cofs/build/${work##*/}/payload/cofs-bench" list "${rows[@]}" >"$work/works"
[ -s "$work/works" ] || die "no work has one of '$ROWS' in its name: see Documentation/benchmarks.rst"
any() { grep -qE "^($1) " "$work/works"; }

# lab NAME SECONDS OPTION...: what is to be done in one boot. SECONDS is for each work. Who fails does
# not keep the others from their figures.
lab() {
	local name=$1 about=$2 count drive drives=()
	shift 2
	count=$(grep -c "^$name " "$work/works") || return 0
	for drive in $(sed -n "s/^$name \([^ ]*\) .*/\1/p" "$work/works" | tr , '\n' | sort -u); do
		drives+=(--drive "$drive=$images/$drive.img")
	done
	(step $((20 + about * count)) "counting $name in the guest" "$work/$name.log" \
		qemu/run.sh "${drives[@]}" --payload "$work/payload" --mem 3072 --timeout 14400 \
		--console "$work/$name.console" --out "$work/$name.out" "$@" -- sh guest.sh "$name" "${rows[@]}") ||
		touch "$work/failed"
	qemu/check-dmesg.sh "$work/$name.console" ||
		{ say "the guest's kernel complained: see $work/$name.console"; touch "$work/failed"; }
}

if [ -n "$check" ]; then
	images=$(scripts/bench-images.sh)
	lab check 30 --icount
	scripts/in-root python3 -B scripts/bench/check.py "build/${work##*/}/check.out"
	[ ! -e "$work/failed" ]
	exit
fi

scripts/bench/about.sh "make bench${ROWS:+ ROWS=\"$ROWS\"}${PAIRS:+ PAIRS=$PAIRS}" >"$work/about"
! any 'instructions|time' || images=$(scripts/bench-images.sh)
# Counted instructions are the same however busy the machine is, and take one of its CPUs.
lab instructions 25 --icount &
counting=$!
if any 'pair|walk|service'; then
	for pair in ${pairs//,/ }; do
		[ "$pair" != none ] || continue
		scripts/bench/pair.sh "$work" "$pair" "${rows[@]}" || touch "$work/failed"
	done
fi
wait $counting || touch "$work/failed"
lab time 40 --smp 2

shopt -s nullglob
# As globs, so that those drop out that were not asked for.
outs=("$work"/instructions.out* "$work"/time.out* "$work"/{pair,walk,service}-*.out)
scripts/in-root python3 -B scripts/bench/report.py build/bench build/bench/about "${outs[@]#"$COFS_TOP/"}"
scripts/in-root python3 -B scripts/bench/plot.py build/bench-memory.svg build/bench-ratio.svg build/bench.json
[ ! -e "$work/failed" ]
