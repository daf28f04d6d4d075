#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Where the instructions go that scripts/bench.sh counts, function by function, for each contender:
# a table in build/profile/ for each work.
#
#   ROWS="lz4-4k zstd" scripts/profile.sh     works with one of these in their names; with a comma in it,
#                                             "lz4-64k warm,mounting": what is between commas
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"
[[ ${ROWS:-} = *,* ]] && between=, || between=' '
IFS=$between read -ra rows <<<"${ROWS:-}"
[ ${#rows[@]} != 0 ] || die "ROWS is not set: name the works to look into"

work=$COFS_TOP/build/profile
rm -rf "$work"
mkdir -p "$work/payload"
module=$(env -u KDIR scripts/modules.sh)
step 20 "building the bench and the profiler" "$COFS_CACHE/log/profile-build.log" \
	scripts/in-root --chdir /cofs/rust sh -euc '
		cargo build --release --locked --package cofs-bench --target-dir /cofs/build/target
		gcc -O2 -Wall -Werror -Wno-unused-parameter -shared -fPIC -o /cofs/build/profile/profile.so ../qemu/profile.c'
cp "$module" "$work/payload/cofs.ko"
cp build/target/release/cofs-bench tests/bench/guest.sh "$work/payload/"

scripts/in-root /cofs/build/profile/payload/cofs-bench list "${rows[@]}" >"$work/works"
images=$(scripts/bench-images.sh)
drives=()
for drive in $(sed -n 's/^profile \([^ ]*\) .*/\1/p' "$work/works" | tr , '\n' | sort -u); do
	drives+=(--drive "$drive=$images/$drive.img")
done
[ ${#drives[@]} != 0 ] || die "no work that is counted has one of '$ROWS' in its name"
status=0 count=$(grep -c "^profile " "$work/works")
# Who fails does not keep the others from theirs.
(step $((30 + 60 * count)) "counting by function in the guest" "$work/guest.log" \
	qemu/run.sh --icount --qemu "-plugin file=/cofs/build/profile/profile.so,out=/cofs/build/profile/counts" \
	"${drives[@]}" --payload "$work/payload" --mem 3072 --timeout 5400 \
	--console "$work/console" --out "$work/out" -- sh guest.sh profile "${rows[@]}") || status=1
scripts/in-root python3 scripts/bench/profile.py build/profile
exit $status
