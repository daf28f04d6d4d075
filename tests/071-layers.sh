#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Layers of overlayfs in images: whiteouts of both kinds, opaque and renamed directories, and
# trees of metadata over objects, as composefs has them. erofs below the same overlay is the
# oracle; some answers are also given here.
. "$(dirname "$0")/lib/guest.sh"

plan 34
merged=$MNT/merged
images=(above above-prefix user base metadata objects objects-1024 composefs composefs-objects)
for type in "$FS" erofs; do
	for image in "${images[@]}"; do
		mnt "" "$IMAGES/o-$image.img" "$MNT/$type/$image" "$type" || exit 1
	done
done

# overlay TYPE OPTIONS: mounts it; @ in OPTIONS stands for the directory of TYPE's images.
overlay() { mnt "${2//@/$MNT/$1}" overlay "$merged" overlay; }

# same NAME OPTIONS: the tree, by either.
same() {
	local type
	for type in "$FS" erofs; do
		if overlay "$type" "$2"; then
			probe manifest "$merged" >"/run/manifest-$type" 2>&1
			umnt "$merged"
		else
			not_ok "$1" "no mount with $type"
			return
		fi
	done
	check "$1" diff -u /run/manifest-erofs "/run/manifest-$FS"
}
names() { (cd "$merged" && find "$@" -type f | sort | tr '\n' ' '); }
digest() { md5sum <"$1"; }

for image in above above-prefix; do
	options=ro,redirect_dir=on,lowerdir=@/$image:@/base
	same "$image: as erofs" $options
	overlay "$FS" $options
	is "$image: a whiteout, by device" "$(names . -maxdepth 1)" "./kept "
	is "$image: whiteouts, by attribute" "$(names marked)" "marked/kept "
	is "$image: an opaque directory" "$(names opaque)" "opaque/above "
	is "$image: a merged one" "$(names dir)" "dir/added dir/below dir/replaced "
	is "$image: a renamed one" "$(names renamed)" "renamed/added renamed/inside/deep "
	is "$image: its content" "$(digest "$merged/renamed/inside/deep")" \
		"$(digest "$MNT/$FS/base/old/inside/deep")"
	umnt "$merged"
done

same "userxattr: as erofs" ro,userxattr,lowerdir=@/user:@/base
overlay "$FS" ro,userxattr,lowerdir=@/user:@/base
is "userxattr: whiteouts" "$(names marked)" "marked/kept "
is "userxattr: an opaque directory" "$(names opaque)" "opaque/above "
umnt "$merged"

# Renamed directories where nobody follows them, and an overlay of an overlay's own attributes.
same "renames not followed: as erofs" ro,redirect_dir=nofollow,lowerdir=@/above:@/base
same "over what it is not made for: as erofs" ro,redirect_dir=on,lowerdir=@/above:@/objects

# Metadata over objects.
data=ro,metacopy=on,redirect_dir=on
for objects in objects objects-1024; do
	options=$data,lowerdir=@/metadata::@/$objects
	same "$objects: as erofs" $options
	overlay "$FS" $options
	is "$objects: content" "$(digest "$merged/usr/large")" "$(digest "$MNT/$FS/$objects/ff/large")"
	is "$objects: size and owner of the metadata" "$(stat -c '%s %u %a' "$merged/usr/lib/two")" "300001 1001 641"
	is "$objects: the object itself is not seen" "$(ls "$merged" | tr '\n' ' ')" "etc lost own three usr "
	umnt "$merged"
done
same "digests are demanded: as erofs" $data,verity=require,lowerdir=@/metadata::@/objects
# The objects have none: fs-verity is not for file systems that cannot be written.
like "and not had" "$(grep usr/lib/two "/run/manifest-$FS")" "*=EIO*"
same "composefs: as erofs" $data,lowerdir=@/composefs::@/composefs-objects
overlay "$FS" $data,lowerdir=@/composefs::@/composefs-objects
mnt "" "$IMAGES/p-default.img" "$MNT/base"
is "composefs: content" "$(digest "$merged/data/large")" "$(digest "$MNT/base/data/large")"
umnt "$MNT/base"
umnt "$merged"

# Written to: the data are copied up from the object.
mkdir -p "$MNT/upper" "$MNT/work"
mnt "rw,metacopy=on,redirect_dir=on,lowerdir=$MNT/$FS/metadata::$MNT/$FS/objects,upperdir=$MNT/upper,workdir=$MNT/work" \
	overlay "$merged" overlay
echo more >>"$merged/usr/lib/two"
is "copied up" "$(head -c 300001 "$merged/usr/lib/two" | md5sum)" "$(digest "$MNT/$FS/objects/00/two")"
umnt "$merged"
for type in "$FS" erofs; do
	for image in "${images[@]}"; do umnt "$MNT/$type/$image"; done
done

# Two trees over the objects of two images that share: one copy of the pages.
share=inode_share,domain_id=layers
for half in objects objects-1024; do
	mnt "" "$IMAGES/o-metadata.img" "$MNT/share/$half-metadata"
	mnt $share "$IMAGES/o-$half.img" "$MNT/share/$half"
	mnt "$data,lowerdir=$MNT/share/$half-metadata::$MNT/share/$half" overlay "$MNT/share/$half-merged" overlay
done
one=$MNT/share/objects-merged
other=$MNT/share/objects-1024-merged
probe consume read "$one/usr/large" >/dev/null
if [ "$FS" = cofs ]; then
	like "read through one overlay, cached for the other" "$(probe cached "$other/usr/large")" "* resident=1024 *"
	like "one copy of the pages" "$(probe samepage "$one/usr/large" "$other/usr/large")" "* same=1024"
else
	skip "read through one overlay, cached for the other" peer
	skip "one copy of the pages" peer
fi
for half in objects objects-1024; do
	umnt "$MNT/share/$half-merged"
	umnt "$MNT/share/$half-metadata"
	umnt "$MNT/share/$half"
done
