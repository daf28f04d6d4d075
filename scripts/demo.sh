#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The main job on real input: two versions of one server, images of each, plain and LZ4, mounted and
# run on the stock kernel by erofs, by erofs with inode_share and by cofs. Ends with a table,
# build/demo.json and a verdict; fails where cofs falls short.
#
#   scripts/demo.sh
#   PAIR=PACKAGE scripts/demo.sh
#   PAIR="PACKAGE OLDER NEWER" scripts/demo.sh
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"

work=$COFS_TOP/build/demo
mkdir -p "$work" "$COFS_CACHE/log"
rm -f build/demo.json

# The guest runs the stock kernel whatever KDIR is for.
module=$(env -u KDIR scripts/modules.sh)
step 20 "building the demo's reader" "$COFS_CACHE/log/demo-cargo.log" \
	scripts/in-root --chdir /cofs/rust \
	cargo build --release --locked --package cofs-demo --target-dir /cofs/build/target

scripts/demo/pair.sh >"$work/pair"
names=() images=() trees=()
while read -r package version suite sources; do
	[ -e "tests/demo/servers/$package.sh" ] ||
		die "no way to ask $package for an answer: choose one of $(cd tests/demo/servers && echo *.sh | sed 's/\.sh//g')"
	say "$((${#names[@]} + 1)): $package $version ($suite)"
	dir=$(scripts/demo/image.sh "$package" "$version" "$suite" "$sources" </dev/null)
	names+=("$package $version")
	images+=("$dir")
	trees+=("/cache/${dir##*/}/tree")
done <"$work/pair"
scripts/in-root python3 scripts/demo/bound.py "${trees[@]}" >"$work/bound"

payload=$work/payload
rm -rf "$payload"
mkdir -p "$payload/tests"
cp "$module" "$payload/cofs.ko"
cp "$COFS_TOP/build/target/release/cofs-demo" "$payload/cofs-demo"
cp -a tests/demo "$payload/tests/demo"

say "booting the stock kernel (about 120 s; console: $work/console)"
status=0
qemu/run.sh --drive "a=${images[0]}/plain.erofs" --drive "b=${images[1]}/plain.erofs" \
	--drive "lz4-a=${images[0]}/lz4.erofs" --drive "lz4-b=${images[1]}/lz4.erofs" --payload "$payload" \
	--smp 2 --mem 2048 --timeout 900 --console "$work/console" --out "$work/out" \
	-- tests/demo/guest.sh "${names[0]%% *}" || status=$?
faults=()
case $status in
0) ;;
124) faults+=("the guest took longer than 900 s") ;;
125) faults+=("the guest died: see $work/console") ;;
*) faults+=("the guest ended with status $status") ;;
esac
qemu/check-dmesg.sh "$work/console" || faults+=("the guest's kernel complained: see $work/console")
scripts/in-root python3 scripts/demo/report.py build/demo "${names[@]}" "${faults[@]}"
