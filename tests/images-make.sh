#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The part of images.sh that runs in the trixie root, in the directory where the images are
# made: one image for each line of `list`, from a tree that `./probe tree` makes:
#
#   TREE            the tree itself
#   tar:TREE        a tarball of it; tgz:TREE a compressed one
#   again:TREE      added to an image of the tree `text`
#   old:TREE        by the mkfs.erofs of Debian trixie
#   second:TREE     half of whose clusters are made ones of the second algorithm
#   archive:KIND    a tarball that `images-archive.py` makes
#   composefs:TREE  by mkcomposefs, which leaves the files' data out
#
# A = before it leaves NAME.source beside the image: what it must show.
set -euo pipefail

uuid=0c0f5000-0000-4000-8000-000000000000
mkdir -p trees out tools
printf '/.*\tsystem_u:object_r:etc_t:s0\n' >/tmp/contexts
# Cluster size, algorithm of those in -z, files.
printf '%s\n' '4096 0 words/' '65536 1 mixed/' '16384 1 lib/' >/tmp/hints-2
printf '%s\n' '4096 0 words/.*[02468]$' '8192 1 words/' '16384 2 mixed/' '32768 3 twice/' >/tmp/hints-4

tree() { [ -d "trees/$1" ] || ./probe tree "$1" "trees/$1"; }

origin() {	# NAME TREE
	tree "$2"
	[ -e "out/$2.tree" ] || ./probe source "trees/$2" >"out/$2.tree"
	ln -s "$2.tree" "out/$1.source"
}

tarball() {
	[ -e "trees/$1.tar" ] || tar --create --file "trees/$1.tar" --format=posix --sparse \
		--xattrs --xattrs-include='*' --sort=name --directory "trees/$1" . 2>/dev/null
}

# Programs of other versions, from their packages, which are unpacked and not installed.
unpack() {	# PACKAGE/SUITE...
	local package
	for package; do
		(cd tools && apt-get download "$package") || return
		dpkg-deb -x "tools/${package%/*}"_*.deb tools/ || return
		rm -f "tools/${package%/*}"_*.deb
	done
}
unpack erofs-utils/trixie composefs/forky libcomposefs1/forky ||
	{ echo "cannot fetch the other makers' packages: see apt-get above" >&2; exit 1; }

make() {	# MKFS NAME SOURCE OPTION...
	local mkfs=$1 image=out/$2.img source=$3
	shift 3
	"$mkfs" --quiet -T1700000000 --mkfs-time -U $uuid "$@" "$image" "$source"
}

second() {	# NAME SOURCE OPTION...
	make mkfs.erofs "$@" && ./probe second-heads "out/$1.img"
}

# As many at a time as there are CPUs.
later() {
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
	{ "$@" || touch failed; } &
}

while read -r name source options; do
	case $name in ''|'#'*) continue ;; esac
	echo "$name: $source $options"
	read -ra options <<<"$options"
	if [[ $source == =* ]]; then
		source=${source#=}
		origin "$name" "${source#*:}"
	fi
	from=${source#*:}
	[[ $source == archive:* ]] || tree "$from"
	case $source in
	tar:*)
		tarball "$from"
		make mkfs.erofs "$name" "trees/$from.tar" --tar=f "${options[@]}"
		;;
	tgz:*)
		tarball "$from"
		gzip -k -f -1 "trees/$from.tar"
		make mkfs.erofs "$name" "trees/$from.tar.gz" --tar=f --ungzip "${options[@]}"
		;;
	archive:*)
		[ -e "trees/$from.tar" ] || /cofs/tests/images-archive.py "$from" >"trees/$from.tar"
		make mkfs.erofs "$name" "trees/$from.tar" --tar=f "${options[@]}"
		;;
	again:*)
		tree text
		make mkfs.erofs "$name" trees/text "${options[@]}"
		make mkfs.erofs "$name" "trees/$from" --incremental=data "${options[@]}"
		;;
	second:*) second "$name" "trees/$from" --workers=1 "${options[@]}" ;;
	old:*)
		make tools/usr/bin/mkfs.erofs "$name" "trees/$from" "${options[@]}"
		;;
	composefs:*)
		LD_LIBRARY_PATH=$(echo tools/usr/lib/*-linux-gnu) \
			tools/usr/bin/mkcomposefs "${options[@]}" "trees/$from" "out/$name.img"
		;;
	*) later make mkfs.erofs "$name" "trees/$from" --workers=1 "${options[@]}" ;;
	esac
done <list
wait
[ ! -e failed ] || { echo "mkfs.erofs failed: see above" >&2; exit 1; }

# The pair is also in the collection, for tests that want it on loop devices.
cp --reflink=auto out/a.img out/b.img .
truncate -s 800M images.ext4
mke2fs -q -t ext4 -O ^has_journal -m 0 -d out images.ext4
