#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds cofs.ko and prints its path.
#
#   scripts/modules.sh            for the stock kernel: build/$KVER/cofs.ko, linked as build/cofs.ko
#   scripts/modules.sh --debug    for the debug kernel: build/debug/cofs.ko
#   scripts/modules.sh --uml      for User Mode Linux: build/uml/cofs.ko
#   scripts/modules.sh --clippy   under clippy, in an output directory of its own
#   KDIR=TREE scripts/modules.sh  for a prepared kernel tree, with this machine's toolchain
. "$(dirname "$0")/lib.sh"

build_for_kdir() {
	local release
	[ -e "$KDIR/Makefile" ] || die "KDIR=$KDIR is not a kernel build tree"
	[ -e "$KDIR/rust/libkernel.rmeta" ] ||
		die "KDIR=$KDIR has no rust/libkernel.rmeta: run 'make modules_prepare' there with CONFIG_RUST=y, or leave KDIR= out"
	release=$(cat "$KDIR/include/config/kernel.release")
	"$COFS_TOP/scripts/tested.sh" "$release"
	out=$COFS_TOP/build/$release
	mkdir -p "$out"
	set -- -j"$(nproc)"
	! grep -qx CONFIG_CC_IS_CLANG=y "$KDIR/.config" || set -- "$@" LLVM="${LLVM:-1}"
	step 40 "building cofs.ko for $release" "$COFS_TOP/build/log/modules.log" \
		make -C "$KDIR" M="$COFS_TOP" MO="$out" "$@" modules
}

build_for_cache() {	# KERNEL_DIR OUT TITLE MAKE_ARGUMENT...
	local kernel=$1 title=$3
	out=$COFS_TOP/build/$2
	shift 3
	mkdir -p "$out"
	step 40 "$title" "$COFS_TOP/build/log/${out##*/}.log" \
		"$COFS_TOP/scripts/in-root" --root "$root" make -C "/cache/${kernel##*/}/kdir" M=/cofs \
		MO="/cofs/build/${out##*/}" -j"$(nproc)" "$@" modules
}

if [ -n "${KDIR:-}" ]; then
	build_for_kdir
else
	need_root "$@"
	with_lock "build-$(key "$COFS_TOP")"
	kernel=$("$COFS_TOP/scripts/kernel.sh")
	kver=$(cat "$kernel/kver")
	root=$("$COFS_TOP/scripts/root.sh" "$kver")
	# What scripts/kernel.sh prepared the tree with.
	stock=(CROSS_COMPILE=x86_64-linux-gnu- KERNELRELEASE="$kver")
	case ${1:-} in
	'') build_for_cache "$kernel" "$kver" "building cofs.ko for $kver" "${stock[@]}" ;;
	--clippy) build_for_cache "$kernel" clippy "clippy on the module" "${stock[@]}" CLIPPY=1 W=e ;;
	--debug)
		kernel=$("$COFS_TOP/scripts/own-kernel.sh" debug) root=$("$COFS_TOP/scripts/root.sh")
		build_for_cache "$kernel" debug "building cofs.ko for the debug kernel" \
			LLVM=-19 LOCALVERSION=-cofs-debug
		;;
	--uml)
		kernel=$("$COFS_TOP/scripts/own-kernel.sh" uml) root=$("$COFS_TOP/scripts/root.sh")
		build_for_cache "$kernel" uml "building cofs.ko for User Mode Linux" \
			ARCH=um LOCALVERSION=-cofs-uml
		;;
	*) die "modules.sh: unknown option $1" ;;
	esac
fi
[ -s "$out/cofs.ko" ] || die "the build left no $out/cofs.ko"
case ${1:-} in
'') ln -sfn "${out##*/}/cofs.ko" "$COFS_TOP/build/cofs.ko" ;;
esac
echo "$out/cofs.ko"
