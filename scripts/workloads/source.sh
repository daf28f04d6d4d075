#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes a plain image of a part of the kernel's source tree: all that `make tinyconfig` and objects of kernel/,
# lib/ and mm/ need, these three (and init/) as a git repository. Prints its path.
. "$(dirname "$0")/../lib.sh"
need_root "$@"

kernel=$("$COFS_TOP/scripts/kernel.sh")
name=workloads-source-$(cat "$kernel/kver")-$(key "$(cat "$0")")
image=$COFS_CACHE/$name.erofs
[ -e "$image" ] && { echo "$image"; exit; }
need_disk 2
with_lock workloads-source
[ -e "$image" ] && { echo "$image"; exit; }

root=$("$COFS_TOP/scripts/workloads/root.sh")
# git is in the workloads' root.
step 120 "making the image of the kernel's source" "$COFS_CACHE/log/$name.log" bash -euo pipefail -c '
	in_root=$1 kernel=$2 root=$3 name=$4
	"$in_root" --chdir "/cache/$kernel/source" bash -euo pipefail -c "
		tree=/cache/$name.tree
		rm -rf \$tree
		mkdir \$tree
		rsync -a --prune-empty-dirs --include=\"*/\" --include=\"Kconfig*\" --include=\"Makefile*\" \
			--include=\"Kbuild*\" --exclude=\"*\" ./ \$tree/
		rsync -a --relative arch/x86 include init kernel lib mm scripts tools/{arch,build,include,lib,objtool,scripts} \
			security fs/*.h block usr certs .gitignore .clang-format COPYING \$tree/
		rm -rf \$tree/scripts/*.o"
	tree=$COFS_CACHE/$name.tree
	mount --bind "$tree" "$root/tree/mnt"
	trap "umount \"$root/tree/mnt\"" EXIT
	chroot "$root/tree" env -i HOME=/tmp PATH=/usr/bin:/bin GIT_CONFIG_NOSYSTEM=1 sh -euc "
		cd /mnt
		git init -q -b main
		git config user.name workloads
		git config user.email workloads@localhost
		for part in init kernel lib mm; do
			git add -f \$part
			git commit -q -m \$part --date=2026-01-01T00:00:00Z
		done
		git repack -adq"
	trap - EXIT
	umount "$root/tree/mnt"
	"$in_root" --chdir /cache mkfs.erofs --quiet --xattr-inode-digest=trusted.erofs.fingerprint \
		"$name.tmp" "$name.tree"
	rm -rf "$tree"
	mv "$COFS_CACHE/$name.tmp" "$COFS_CACHE/$name.erofs"
' sh "$COFS_TOP/scripts/in-root" "${kernel##*/}" "$root" "$name"
echo "$image"
