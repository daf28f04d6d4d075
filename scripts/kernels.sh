#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds the module for the newest kernel of each series that trixie-backports, forky and experimental have with
# its source, and runs the short list of tests in the first two. Status 1 when anything fails on a series of
# scripts/kernels.tested; what fails on another, or cannot be had of the archive, is skipped, with a line that says
# why. The last lines are a table and `N passed, N failed, N skipped`; build/kernels/kernels.ktap has the same.
#
#   scripts/kernels.sh
#   KVER=RELEASE scripts/kernels.sh     this one only
#   LIMIT=SECONDS scripts/kernels.sh    nothing that would take longer than what is left of these
#   scripts/kernels.sh --checked        `make check` has run: the kernel that it boots need not be booted again
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"

# Whatever scripts/kernels.tested says: this is how a series gets into it.
export UNTESTED=1
unset KDIR
out=build/kernels
rm -rf "$out"
mkdir -p "$out"
checked=
[ "${1:-}" != --checked ] || checked=$(basename "$(scripts/kernel.sh)")
number=0
failed=0
: >"$out/results"
row() { printf '%-30s %-7s %s\n' "$@" >>"$out/table"; }
row kernel module 'short list of tests'

passes() { number=$((number + 1)); echo "ok $number $*" >>"$out/results"; }
skips() {	# NAME WHY
	say "$1: skipped, $2"
	passes "$1 # SKIP $2"
}
fails() {	# RELEASE NAME WHY
	if UNTESTED='' scripts/tested.sh "$1" 2>/dev/null; then
		number=$((number + 1))
		failed=1
		printf '# %s\nnot ok %d %s\n' "$3" $number "$2" >>"$out/results"
	else
		skips "$2" "of no tested series, and fails: $3"
	fi
}

# time_for SECONDS: there is that much left. With two cores.
time_for() { [ -z "${LIMIT:-}" ] || [ $((SECONDS + $1)) -le "$LIMIT" ]; }
no_time='no time is left for it'

boots() {	# RELEASE MODULE
	local payload images log='' status=0
	images=$(tests/images.sh)
	payload=$(scripts/payload.sh "$1" "$2")
	(step 120 "the short list of tests in $1" "$out/$1.ktap" qemu/run.sh --payload "$payload" --timeout 3600 \
		--drive "images=$images" --drive "a=${images%/*}/a.img" --drive "b=${images%/*}/b.img" \
		--console "$out/$1.console" -- tests/run.sh --quick) || status=1
	qemu/check-dmesg.sh "$out/$1.console" || { log=', kernel log not clean'; status=1; }
	scripts/in-root scripts/ktap.py "$out/$1.ktap" >"$out/$1.totals" || status=1
	echo "$(tail -n 1 "$out/$1.totals")$log"
	return $status
}

# last_line FILE: what went wrong.
last_line() { grep -v '^ *$' "$1" | tail -n 1 | sed 's/^cofs: //'; }

build() {	# RELEASE
	local kernel=$COFS_CACHE/kernel-$1 why
	if [ ! -e "$kernel/.complete" ] && ! time_for 240; then
		skips "$1 builds" "$no_time"
		row "$1" 'not run' "$no_time"
		return 1
	fi
	if ! scripts/kernel.sh 2>&1 >/dev/null | tee "$out/$1.log" >&2; then
		why=$(last_line "$out/$1.log")
		# forky's compilers move on before its kernel is built by them.
		if [ -e "$kernel/.fetched" ] && [[ $why != *'was built by'* ]]; then
			fails "$1" "$1 builds" "$why"
		else
			skips "$1 builds" "$why"
		fi
		row "$1" 'not had' "$why"
		return 1
	fi
	if ! time_for 60; then
		skips "$1 builds" "$no_time"
		row "$1" 'not run' "$no_time"
		return 1
	fi
	if ! scripts/modules.sh 2>&1 >"$out/module" | tee "$out/$1.log" >&2; then
		why=$(last_line "$out/$1.log")
		fails "$1" "$1 builds" "$why"
		row "$1" fails "$why"
		return 1
	fi
	passes "$1 builds"
}

booted=0
one() {	# RELEASE
	local totals='not run'
	build "$1" || return 0
	booted=$((booted + 1))
	if [ "kernel-$1" = "$checked" ]; then
		totals='make check boots it'
	elif [ $booted -gt 2 ]; then
		:
	elif ! time_for 240; then
		skips "$1 runs the short list" "$no_time"
	elif totals=$(boots "$1" "$(cat "$out/module")"); then
		passes "$1 runs the short list"
	else
		fails "$1" "$1 runs the short list" "$totals"
	fi
	row "$1" builds "$totals"
}

if [ -n "${KVER:-}" ]; then
	one "$KVER"
else
	for suite in trixie-backports forky experimental; do
		# The others are listed in a root that may have to be made first.
		if [ $suite != trixie-backports ] && ! time_for 150; then
			skips "kernels of $suite" "$no_time"
			row "of $suite" 'not run' "$no_time"
			continue
		fi
		if ! releases=$(scripts/kernel.sh --list $suite 2>"$out/$suite.log"); then
			cat "$out/$suite.log" >&2
			skips "kernels of $suite" "$(last_line "$out/$suite.log")"
			row "of $suite" 'not had' "$(last_line "$out/$suite.log")"
			continue
		fi
		for release in $releases; do
			export KVER=$release
			one "$release"
			unset KVER
		done
	done
fi
{ printf 'KTAP version 1\n1..%d\n' $number; cat "$out/results"; } >"$out/kernels.ktap"
cat "$out/table"
# That nothing has passed is no failure where nothing could be tried.
scripts/in-root scripts/ktap.py "$out/kernels.ktap" >"$out/totals" ||
	grep -q '^0 passed, 0 failed, ' "$out/totals" || failed=1
cat "$out/totals"
exit $failed
