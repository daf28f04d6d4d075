#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds the module for the newest kernel of each series that trixie-backports, forky and experimental have with
# its source, and runs the short list of tests in the first two. The last lines are a table. Status 1 when
# anything fails on a series of scripts/kernels.tested.
#
#   scripts/kernels.sh
#   KVER=RELEASE scripts/kernels.sh     this one only
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"

# Whatever scripts/kernels.tested says: this is how a series gets into it.
export UNTESTED=1
unset KDIR
out=build/kernels
rm -rf "$out"
mkdir -p "$out"
failed=0
row() { printf '%-30s %-7s %s\n' "$@" >>"$out/table"; }

boots() {	# MODULE
	local payload images log='' status=0
	images=$(tests/images.sh)
	payload=$(scripts/payload.sh "$KVER" "$1")
	(step 120 "the short list of tests in $KVER" "$out/$KVER.ktap" qemu/run.sh --payload "$payload" --timeout 3600 \
		--drive "images=$images" --drive "a=${images%/*}/a.img" --drive "b=${images%/*}/b.img" \
		--console "$out/$KVER.console" -- tests/run.sh --quick) || status=1
	qemu/check-dmesg.sh "$out/$KVER.console" || { log=', kernel log not clean'; status=1; }
	scripts/in-root scripts/ktap.py "$out/$KVER.ktap" >"$out/$KVER.totals" || status=1
	echo "$(tail -n 1 "$out/$KVER.totals")$log"
	return $status
}

fails() {	# RELEASE
	! UNTESTED='' scripts/tested.sh "$1" 2>/dev/null || failed=1
}

releases=${KVER:-$(scripts/kernel.sh --list)}
row kernel module 'short list of tests'
booted=0
for release in $releases; do
	export KVER=$release
	if ! scripts/modules.sh 2>&1 >"$out/module" | tee "$out/$release.log" >&2; then
		fails "$release"
		row "$release" fails "$(tail -n 1 "$out/$release.log" | sed 's/^cofs: //')"
		continue
	fi
	totals='not run'
	if [ $booted -lt 2 ]; then
		booted=$((booted + 1))
		totals=$(boots "$(cat "$out/module")") || fails "$release"
	fi
	row "$release" builds "$totals"
done
cat "$out/table"
exit $failed
