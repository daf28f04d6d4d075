#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes the test images and collects them in one ext4 file, whose path it prints. Beside it in
# the cache lie a.img and b.img, the sharing pair that the guest gets as drives.
. "$(dirname "$0")/../scripts/lib.sh"
need_root "$@"
in_root=$COFS_TOP/scripts/in-root

probe=$("$COFS_TOP/tests/probe.sh")
sources=("$COFS_TOP"/tests/images.{sh,list} "$COFS_TOP"/rust/tools/probe/src/{tree,tree/*,pattern,program}.rs)
dir=$COFS_CACHE/images-$(key "$(cat "${sources[@]}")" "$("$in_root" mkfs.erofs -V)")
[ -e "$dir/.complete" ] && { echo "$dir/images.ext4"; exit; }
need_disk 2
with_lock images
[ -e "$dir/.complete" ] && { echo "$dir/images.ext4"; exit; }

work=$COFS_CACHE/images.work
rm -rf "$dir" "$work"
mkdir -p "$work/trees" "$work/out" "$dir"
cp "$probe" "$work/probe"
cp "$COFS_TOP/tests/images.list" "$work/list"

# Inside the root, where mkfs.erofs and the project's C library are.
cat >"$work/make.sh" <<'MAKE'
set -eu
cd /cache/images.work
grep -v '^#' list | while read -r name tree options; do
	[ -n "$name" ] || continue
	case $tree in
	tar:*)
		tree=${tree#tar:}
		source=trees/$tree.tar
		;;
	*) source=trees/$tree ;;
	esac
	[ -d "trees/$tree" ] || ./probe tree "$tree" "trees/$tree"
	case $source in
	*.tar)
		tar --create --file "$source" --format=posix --xattrs --xattrs-include='*' \
			--sort=name --directory "trees/$tree" .
		options="--tar=f $options"
		;;
	esac
	echo "$name: mkfs.erofs $options $tree"
	# shellcheck disable=SC2086 # a list of options
	mkfs.erofs --quiet -T1700000000 --mkfs-time -U 0c0f5000-0000-4000-8000-000000000000 \
		$options "out/$name.img" "$source"
done
# The pair is also in the collection, for tests that want it on loop devices.
cp --reflink=auto out/a.img out/b.img .
truncate -s 400M images.ext4
mke2fs -q -t ext4 -O ^has_journal -m 0 -d out images.ext4
MAKE
step 30 "making the test images" "$COFS_CACHE/log/images.log" "$in_root" sh "/cache/images.work/make.sh"
mv "$work"/{a.img,b.img,images.ext4} "$dir/"
rm -rf "$work"
touch "$dir/.complete"
echo "$dir/images.ext4"
