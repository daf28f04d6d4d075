# SPDX-License-Identifier: GPL-2.0
# What the tests of share=verify have in common; after sharing.sh.

VERIFY=inode_share,share=verify

# verify_images: in SCRATCH, images of a small and a large file: true.img, same.img (where they lie
# elsewhere), lz4.img, and false.img: the same claims, other bytes. What they hold is in WANT and LIES.
declare -A WANT LIES
verify_images() {
	local tree=$SCRATCH/tree file
	mkdir -p "$tree"
	seq -f "line %g of the small true file" 800 >"$tree/small"
	seq -f "line %g of the large true file" 80000 >"$tree/large"
	erofs_image "$SCRATCH/true.img" "$tree" -Enosbcrc
	erofs_image "$SCRATCH/lz4.img" "$tree" -zlz4 -C65536
	LC_ALL=C sed 's/true file/lies here/' "$SCRATCH/true.img" >"$SCRATCH/false.img"
	for file in small large; do
		WANT[$file]=$(md5sum <"$tree/$file")
		LIES[$file]=$(sed 's/true file/lies here/' "$tree/$file" | md5sum)
	done
	head -c 50000 /dev/urandom >"$tree/another"
	erofs_image "$SCRATCH/same.img" "$tree"
	rm -r "$tree"
}

# hashed DIR COUNT: waits until so many files of a mount were verified or refused.
hashed() {
	local i
	for ((i = 0; i < 100 * SCALE; i++)); do
		[ $(($(of "$1" verified) + $(of "$1" refused))) -lt "$2" ] || return 0
		read -r -t 0.1 <> <(:)
	done
	return 1
}

# digest FILE
digest() { md5sum <"$1"; }
