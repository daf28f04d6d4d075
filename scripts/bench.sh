#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The same work on erofs and on cofs, in one boot each way of measuring: build/bench.json and a
# table, with the limits that cofs is to keep. Never part of a test.
#
#   scripts/bench.sh
#   ROWS="lz4-4k zstd" scripts/bench.sh     only works with one of these in their names
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
cp tests/bench/guest.sh "$work/payload/"

read -ra rows <<<"${ROWS:-}"
scripts/in-root /cofs/build/bench/payload/cofs-bench list "${rows[@]}" >"$work/works"
[ -s "$work/works" ] || die "no work has one of '$ROWS' in its name: see Documentation/benchmarks.rst"
images=$(scripts/bench-images.sh)

# lab NAME SECONDS OPTION...: what is to be done in one boot. SECONDS is for each work.
lab() {
	local name=$1 about=$2 count drive drives=()
	shift 2
	count=$(grep -c "^$name " "$work/works") || return 0
	for drive in $(awk -v lab="$name" '$1 == lab { print $2; print $3 }' "$work/works" | sort -u); do
		drives+=(--drive "$drive=$images/$drive.img")
	done
	# Who fails does not keep the others from their figures.
	(step $((20 + about * count)) "counting $name in the guest" "$work/$name.log" \
		qemu/run.sh "${drives[@]}" --payload "$work/payload" --mem 2048 --timeout 2400 \
		--console "$work/$name.console" --out "$work/$name.out" "$@" -- sh guest.sh "$name" "${rows[@]}") || status=1
	qemu/check-dmesg.sh "$work/$name.console" || die "the guest's kernel complained: see $work/$name.console"
	outs+=("build/bench/$name.out")
}
outs=() status=0
lab instructions 40 --icount
lab time 40 --smp 2

scripts/in-root python3 scripts/bench/report.py build/bench "${outs[@]}"
exit $status
