#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The same work on erofs and on cofs, in one boot each way of measuring: build/bench.json and a
# table, with the limits that cofs is to keep. Never part of a test.
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
images=$(scripts/bench-images.sh)

# lab NAME SECONDS OPTION...
lab() {
	local name=$1 about=$2
	shift 2
	step "$about" "counting $name in the guest" "$work/$name.log" \
		qemu/run.sh --drive "a=$images/big-a.img" --drive "b=$images/big-b.img" \
		--drive "many-a=$images/many-a.img" --drive "many-b=$images/many-b.img" \
		--payload "$work/payload" --mem 2048 --timeout 1500 \
		--console "$work/$name.console" --out "$work/$name.out" "$@" -- sh guest.sh "$name"
	qemu/check-dmesg.sh "$work/$name.console" || die "the guest's kernel complained: see $work/$name.console"
}
lab instructions 300 --icount
lab time 60 --smp 2

scripts/in-root python3 scripts/bench/report.py build/bench build/bench/{instructions,time}.out
