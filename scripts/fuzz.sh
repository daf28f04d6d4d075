#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Fuzzes cofs_core and the LZ4 decoder with each target for TIME seconds (60), two at a time, and
# prints KTAP. What finds new ways through them is kept in the cache and is where the next run
# starts.
#
#   scripts/fuzz.sh [--forget] [TARGET...]    --forget keeps nothing
. "$(dirname "$0")/lib.sh"
need_root "$@"

keep=1
[ "${1:-}" = --forget ] && { keep=; shift; }
: "${TIME:=60}"
[[ $TIME =~ ^[1-9][0-9]*$ ]] || die "TIME is '$TIME', not a number of seconds"
targets=("$@")
[ $# -gt 0 ] || targets=(mount walk xattrs map zmap lz4)
for target in "${targets[@]}"; do
	[ -f "$COFS_TOP/rust/fuzz/fuzz_targets/$target.rs" ] || die "no fuzz target is named $target"
done

corpus=$("$COFS_TOP/scripts/fuzz-corpus.sh")
corpus=/cache/${corpus##*/}
out=$COFS_TOP/build/fuzz
bin=/cofs/build/target-fuzz/x86_64-unknown-linux-gnu/release
mkdir -p "$out"
# The LZ4 decoder is compared with the kernel's.
kernel=$("$COFS_TOP/scripts/kernel.sh")
# The options in rust/fuzz/.cargo count only for a build that starts there.
step 30 "building the fuzz targets" "$out/build.log" \
	"$COFS_TOP/scripts/in-root" --chdir /cofs/rust/fuzz \
	env KERNEL_SOURCE="/cache/${kernel##*/}/source" cargo build --release --locked \
	--target-dir /cofs/build/target-fuzz

# fuzzer TARGET OPTION...: in the directory where the target leaves what it finds.
fuzzer() {
	local target=$1
	shift
	"$COFS_TOP/scripts/in-root" --chdir "/cofs/build/fuzz/$target" "$bin/$target" \
		-max_len=32768 -timeout=10 -rss_limit_mb=1024 "$@"
}
one() {
	local target=$1 known=()
	rm -rf "${out:?}/$target"
	mkdir -p "$out/$target/new"
	[ ! -d "$COFS_CACHE/${corpus##*/}/$target" ] || known=("$corpus/$target")
	fuzzer "$target" -max_total_time="$TIME" -print_final_stats=1 \
		new "$corpus/images" "${known[@]}" >"$out/$target/log" 2>&1 || return
	[ -n "$keep" ] || return 0
	mkdir "$out/$target/merged"
	fuzzer "$target" -merge=1 merged "$corpus/images" "${known[@]}" new >"$out/$target/merge.log" 2>&1 || return
	rm -rf "${COFS_CACHE:?}/${corpus##*/}/$target"
	mv "$out/$target/merged" "$COFS_CACHE/${corpus##*/}/$target"
}
all() {
	local target
	for target in "${targets[@]}"; do
		while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || true; done
		{ rc=0; one "$target" || rc=$?; echo $rc >"$out/$target/status"; } &
	done
	wait
}
step $(((${#targets[@]} + 1) / 2 * (TIME + 2))) "fuzzing ${targets[*]}, $TIME s each" "$out/log" all

printf 'KTAP version 1\n1..%d\n' ${#targets[@]}
number=0 failed=0
for target in "${targets[@]}"; do
	number=$((number + 1)) mark=ok
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target/log")
	# Fewer runs than seeds: nothing was fuzzed.
	if [ "$(cat "$out/$target/status")" != 0 ] || [ "${runs:-0}" -lt 100 ]; then
		mark="not ok" failed=1
		sed -n '/panicked at/,+2p; /ERROR: libFuzzer/p; /Test unit written/p' "$out/$target/log" | sed 's/^/# /'
		echo "# log and input: build/fuzz/$target"
	fi
	echo "# $target: ${runs:-0} runs, $(find "$out/$target/new" -type f | wc -l) new inputs"
	echo "$mark $number fuzz $target"
done
exit $failed
