#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds a kernel of our own from the source of the stock one, and prints its cache entry, laid out like that of
# scripts/kernel.sh:
#
#   scripts/own-kernel.sh debug    with every checker (qemu/debug.config)
#   scripts/own-kernel.sh uml      User Mode Linux (lab/uml.config), with image/linux for the program
. "$(dirname "$0")/lib.sh"
need_root "$@"

kernel=${1:-}
case $kernel in
# LLVM: Rust with KASAN wants clang.
debug)
	fragment=$COFS_TOP/qemu/debug.config gib=6 seconds=1500 make='LLVM=-19' target=bzImage
	take='cp $dir/kdir/arch/x86/boot/bzImage $dir/image/vmlinuz'
	;;
uml)
	fragment=$COFS_TOP/lab/uml.config gib=2 seconds=600 make='ARCH=um' target=linux
	take='strip -o $dir/image/linux $dir/kdir/linux'
	;;
*) die "own-kernel.sh: debug or uml" ;;
esac

stock=$("$COFS_TOP/scripts/kernel.sh")
config=$(grep '^CONFIG_' "$fragment")
name=$kernel-$(cat "$stock/kver")-$(key "$config")
dir=$COFS_CACHE/$name
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }

need_disk "$gib"
with_lock "$kernel-kernel"
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
mkdir -p "$dir/kdir"
printf '%s\n' "$config" >"$dir/fragment"

# The fragment must survive Kconfig whole, or a checker or a test could be missing without a word.
step "$seconds" "building the $kernel kernel" "$COFS_CACHE/log/$kernel-kernel.log" \
	"$COFS_TOP/scripts/in-root" --chdir "/cache/${stock##*/}/source" nice -n 10 sh -euc "
	dir=/cache/$name
	set -- O=\$dir/kdir $make LOCALVERSION=-cofs-$kernel -j$(nproc)
	make \"\$@\" KCONFIG_ALLCONFIG=\$dir/fragment allnoconfig
	lost=\$(grep -vxFf \$dir/kdir/.config \$dir/fragment || true)
	[ -z \"\$lost\" ] || { echo \"Kconfig dropped: \$lost\"; exit 1; }
	make \"\$@\" $target modules
	rm -rf \$dir/image
	mkdir -p \$dir/image
	make \"\$@\" INSTALL_MOD_PATH=\$dir/image/tree DEPMOD=true modules_install
	$take
	mv \$dir/image/tree/lib/modules \$dir/image/modules
	rm -rf \$dir/image/tree \$dir/image/modules/*/build"
cp "$dir/kdir/include/config/kernel.release" "$dir/kver"
ln -sfn "../${stock##*/}/source" "$dir/source"
touch "$dir/.complete"
echo "$dir"
