#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The same work on cofs, erofs, squashfs, ext4 below overlayfs and composefs, in one boot each way of
# measuring: build/bench.json, tables and plots. Never part of a test.
#
#   scripts/bench.sh
#   ROWS="lz4-4k zstd" scripts/bench.sh     only works with one of these in their names
#   PAIRS=redis,tomcat scripts/bench.sh     these pairs of versions, which the works named "pair" take
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"

work=$COFS_TOP/build/bench
rm -rf "$work" build/bench.json
mkdir -p "$work/payload"

# The guest runs the stock kernel whatever KDIR is for.
module=$(env -u KDIR scripts/modules.sh)
step 20 "building the bench" "$COFS_CACHE/log/bench-cargo.log" \
	scripts/in-root --chdir /cofs/rust \
	cargo build --release --locked --package cofs-bench --target-dir /cofs/build/target
cp "$module" "$work/payload/cofs.ko"
cp "$COFS_TOP/build/target/release/cofs-bench" "$work/payload/"
cp tests/bench/{guest,services}.sh "$work/payload/"
mkdir "$work/payload/tests"
cp -a tests/demo "$work/payload/tests/"

read -ra rows <<<"${ROWS:-}"
scripts/in-root /cofs/build/bench/payload/cofs-bench list "${rows[@]}" >"$work/works"
[ -s "$work/works" ] || die "no work has one of '$ROWS' in its name: see Documentation/benchmarks.rst"
scripts/bench/about.sh "make bench${ROWS:+ ROWS=\"$ROWS\"}${PAIRS:+ PAIRS=$PAIRS}" >"$work/about"

# lab NAME SECONDS OPTION...: what is to be done in one boot. SECONDS is for each work.
lab() {
	local name=$1 about=$2 count drive drives=()
	shift 2
	count=$(grep -c "^$name " "$work/works") || return 0
	for drive in $(sed -n "s/^$name \([^ ]*\) .*/\1/p" "$work/works" | tr , '\n' | sort -u); do
		drives+=(--drive "$drive=$images/$drive.img")
	done
	# Who fails does not keep the others from their figures.
	(step $((20 + about * count)) "counting $name in the guest" "$work/$name.log" \
		qemu/run.sh "${drives[@]}" --payload "$work/payload" --mem 3072 --timeout 5400 \
		--console "$work/$name.console" --out "$work/$name.out" "$@" -- sh guest.sh "$name" "${rows[@]}") || status=1
	qemu/check-dmesg.sh "$work/$name.console" || die "the guest's kernel complained: see $work/$name.console"
	outs+=("build/bench/$name.out")
}
outs=() status=0
! grep -qE '^(instructions|time) ' "$work/works" || images=$(scripts/bench-images.sh)
lab instructions 40 --icount
lab time 40 --smp 2
if grep -qE '^(pair|service) ' "$work/works"; then
	IFS=, read -ra pairs <<<"${PAIRS:-redis,nginx,postgres}"
	for pair in "${pairs[@]}"; do
		scripts/bench/pair.sh "$work" "$pair" "${rows[@]}" || status=1
	done
	for out in "$work"/{pair,service}-*.out; do
		[ ! -e "$out" ] || outs+=("build/bench/${out##*/}")
	done
fi

scripts/in-root python3 -B scripts/bench/report.py build/bench build/bench/about "${outs[@]}"
scripts/in-root python3 -B scripts/bench/plot.py build/bench.json build/bench-memory.svg build/bench-ratio.svg
exit $status
