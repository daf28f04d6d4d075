#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Runs every test; the last line is `N passed, N failed, N skipped`.
#
#   scripts/check.sh          all of it, on the stock kernel
#   scripts/check.sh --debug  the same in the guest with the debug kernel
#   scripts/check.sh --quick  build, unit tests, one boot with the short list; with LAB=uml in
#                             User Mode Linux
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"

kernel=stock mode=${1:-} run=(tests/run.sh) limit=3600 build=()
case $mode in
'') ;;
--quick) run+=(--quick) limit=240 ;;
--debug) kernel=debug run=(env SCALE=4 tests/run.sh) limit=7200 build=(--debug) ;;
*) die "check.sh: unknown option $mode" ;;
esac
case $mode:${LAB:-} in
*:) ;;
--quick:uml) kernel=uml build=(--uml) ;;
*) die "check.sh: LAB is uml or nothing, and for make quick" ;;
esac
started=$SECONDS
out=build/check${mode#-}
rm -rf "$out"
mkdir -p "$out" build/log

# A harness that breaks counts as a failure too.
trap '[ $? = 0 ] || echo "0 passed, 1 failed, 0 skipped"' EXIT

# host NAME COMMAND...: one test on this machine, by its status.
names=() marks=()
host() {
	local name=$1 mark=ok
	shift
	"$@" </dev/null || mark="not ok"
	names+=("$name") marks+=("$mark")
	echo "$mark ${#names[@]} $name"
	[ "$mark" = ok ]
}
into() {	# FILE COMMAND...: the command's output in FILE
	local file=$1
	shift
	"$@" >"$file"
}
border() { scripts/files.sh | scripts/in-root scripts/check-border.py; }
unit() {
	local status=0
	scripts/unit.sh "$out/unit.log" || status=$?
	scripts/in-root scripts/libtest.py "$status" "$out/unit.log" >"$out/unit.ktap"
	return "$status"
}

fuzz() { TIME=60 scripts/fuzz.sh --forget >"$out/fuzz.ktap"; }

boot() {
	local status=0 payload images
	payload=$(scripts/payload.sh "$kernel" "$(cat "$out/module")") || return
	images=$(cat "$out/images")
	say "booting the $kernel kernel for ${run[*]} (at most $limit s; console: $out/console)"
	qemu/run.sh --kernel "$kernel" --payload "$payload" --timeout "$limit" \
		--drive "images=$images" --drive "a=${images%/*}/a.img" --drive "b=${images%/*}/b.img" \
		--console "$out/console" --out "$out/guest.ktap" -- "${run[@]}" || status=$?
	# Status 1 is a failed test, which the stream must show; else something else went wrong.
	case $status in
	0) ;;
	1) ! scripts/in-root scripts/ktap.py "$out/guest.ktap" >/dev/null ;;
	*) say "the guest's run ended with status $status"; return 1 ;;
	esac
}

host "the trixie root" into "$out/root" scripts/root.sh || true
host "the kernel's build tree" into "$out/kernel" scripts/kernel.sh || true
if [ "$mode" != --quick ]; then
	host "the checks can fail" scripts/in-root scripts/selftest.py || true
	host rustfmt scripts/fmt.sh --check || true
	host border border || true
	host "README names the tested kernels" scripts/tested.sh --readme || true
	host "clippy, cargo crates" scripts/clippy.sh cargo || true
	host "clippy, module" scripts/clippy.sh module || true
fi
host "unit tests" unit || true
streams=("$out"/{host,unit,guest}.ktap)
if [ -z "$mode" ]; then
	host "fuzzing the core" fuzz || true
	streams+=("$out/fuzz.ktap")
fi
ready=1
if [ "$kernel" = debug ]; then
	host "the debug kernel" into "$out/debug-kernel" scripts/own-kernel.sh debug || ready=
fi
host "build of the module" into "$out/module" scripts/modules.sh "${build[@]}" || ready=
host "test images" into "$out/images" tests/images.sh || ready=
if [ -n "$ready" ]; then
	host "one boot with all tests" boot || true
else
	host "one boot with all tests" false || true
fi
host "a clean kernel log" qemu/check-dmesg.sh "$out/console" || true

{
	printf 'KTAP version 1\n1..%d\n' ${#names[@]}
	for i in "${!names[@]}"; do
		printf '%s %d %s\n' "${marks[i]}" $((i + 1)) "${names[i]}"
	done
} >"$out/host.ktap"
say "took $((SECONDS - started)) s; streams: ${streams[*]}"
scripts/in-root scripts/ktap.py "${streams[@]}" >"$out/totals" || failed=1
grep -q passed "$out/totals" || echo "0 passed, 1 failed, 0 skipped" >"$out/totals"
cat "$out/totals"
trap - EXIT
exit "${failed:-0}"
