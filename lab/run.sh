#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Runs the tests in User Mode Linux, which boots in a second and needs no emulation. What it says is quick,
# and no evidence: the stock kernel has the last word.
#
#   lab/run.sh                      all of them
#   TESTS="100 103" lab/run.sh      those whose files' names begin so
#   SMP=2 lab/run.sh                with two CPUs: User Mode Linux lets a program go on with a page that another
#                                   CPU has taken from its mappings, so 130, 142 or 161 may see wrong bytes
. "$(dirname "$0")/../scripts/lib.sh"
need_root "$@"
cd "$COFS_TOP"

read -ra tests <<<"${TESTS:-}"
out=build/lab
mkdir -p "$out"
module=$(scripts/modules.sh --uml)
images=$(tests/images.sh)
payload=$(scripts/payload.sh uml "$module")
status=0
qemu/run.sh --kernel uml --payload "$payload" --smp "${SMP:-1}" --timeout 2400 \
	--drive "images=$images" --drive "a=${images%/*}/a.img" --drive "b=${images%/*}/b.img" \
	--console "$out/console" --out "$out/guest.ktap" -- tests/run.sh "${tests[@]}" || status=$?
[ "$status" -le 1 ] || die "the guest's run ended with status $status: see $out/console"
qemu/check-dmesg.sh "$out/console"
scripts/in-root scripts/ktap.py "$out/guest.ktap"
