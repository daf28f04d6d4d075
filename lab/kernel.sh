#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds User Mode Linux (lab/uml.config) from the source of the stock kernel. Prints its cache entry,
# laid out like that of scripts/kernel.sh, with image/linux for the program.
. "$(dirname "$0")/../scripts/lib.sh"
need_root "$@"

stock=$("$COFS_TOP/scripts/kernel.sh")
config=$(grep '^CONFIG_' "$COFS_TOP/lab/uml.config")
name=uml-$(cat "$stock/kver")-$(key "$config")
dir=$COFS_CACHE/$name
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }

need_disk 2
with_lock uml-kernel
[ -e "$dir/.complete" ] && { echo "$dir"; exit; }
mkdir -p "$dir/kdir"
printf '%s\n' "$config" >"$dir/fragment"

# The fragment must survive Kconfig whole, or a test could be skipped without a word.
step 600 "building User Mode Linux" "$COFS_CACHE/log/uml-kernel.log" \
	"$COFS_TOP/scripts/in-root" --chdir "/cache/${stock##*/}/source" nice -n 10 sh -euc "
	dir=/cache/$name
	set -- ARCH=um O=\$dir/kdir LOCALVERSION=-cofs-uml -j$(nproc)
	make \"\$@\" KCONFIG_ALLCONFIG=\$dir/fragment allnoconfig
	lost=\$(grep -vxFf \$dir/kdir/.config \$dir/fragment || true)
	[ -z \"\$lost\" ] || { echo \"Kconfig dropped: \$lost\"; exit 1; }
	make \"\$@\" linux modules
	rm -rf \$dir/image
	mkdir -p \$dir/image
	make \"\$@\" INSTALL_MOD_PATH=\$dir/image/tree DEPMOD=true modules_install
	strip -o \$dir/image/linux \$dir/kdir/linux
	mv \$dir/image/tree/lib/modules \$dir/image/modules
	rm -rf \$dir/image/tree \$dir/image/modules/*/build"
cp "$dir/kdir/include/config/kernel.release" "$dir/kver"
ln -sfn "../${stock##*/}/source" "$dir/source"
touch "$dir/.complete"
echo "$dir"
