#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds the kernel with every checker (qemu/debug.config) from the source of the stock one.
# Prints its cache entry, laid out like that of scripts/kernel.sh.
. "$(dirname "$0")/lib.sh"
need_root "$@"

stock=$("$COFS_TOP/scripts/kernel.sh")
fragment=$COFS_TOP/qemu/debug.config
config=$(grep '^CONFIG_' "$fragment")
name=debug-$(cat "$stock/kver")-$(key "$config")
dir=$COFS_CACHE/$name
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }

need_disk 6
with_lock debug-kernel
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
mkdir -p "$dir/kdir"
printf '%s\n' "$config" >"$dir/fragment"

# LLVM: Rust with KASAN wants clang. The fragment must survive Kconfig whole, or a checker
# could be missing without a word.
step 1500 "building the debug kernel" "$COFS_CACHE/log/debug-kernel.log" \
	"$COFS_TOP/scripts/in-root" --chdir "/cache/${stock##*/}/source" nice -n 10 sh -euc "
	dir=/cache/$name
	set -- O=\$dir/kdir LLVM=-19 LOCALVERSION=-cofs-debug -j$(nproc)
	make \"\$@\" KCONFIG_ALLCONFIG=\$dir/fragment allnoconfig
	lost=\$(grep -vxFf \$dir/kdir/.config \$dir/fragment || true)
	[ -z \"\$lost\" ] || { echo \"Kconfig dropped: \$lost\"; exit 1; }
	make \"\$@\" bzImage modules
	rm -rf \$dir/image
	mkdir -p \$dir/image
	make \"\$@\" INSTALL_MOD_PATH=\$dir/image/tree DEPMOD=true modules_install
	cp \$dir/kdir/arch/x86/boot/bzImage \$dir/image/vmlinuz
	mv \$dir/image/tree/lib/modules \$dir/image/modules
	rm -rf \$dir/image/tree \$dir/image/modules/*/build"
cp "$dir/kdir/include/config/kernel.release" "$dir/kver"
ln -sfn "../${stock##*/}/source" "$dir/source"
touch "$dir/.complete"
echo "$dir"
