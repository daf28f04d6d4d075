#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Finds the kernel to build for, fetches its packages and prepares a build tree for Rust
# modules. Prints the cache entry: DIR/{kver,image,source,kdir}.
#
#   scripts/kernel.sh          the newest of trixie-backports that has source, headers and image, of the
#                              first series in scripts/kernels.tested of which there is one
#   KVER=... scripts/kernel.sh that one
#   scripts/kernel.sh --list   releases: of each series of backports that has a source, the newest kernel
. "$(dirname "$0")/lib.sh"
need_root "$@"
in_root=$COFS_TOP/scripts/in-root

# Fresh package lists once a day: backports moves within weeks.
refresh_lists() {
	local stamp=$COFS_CACHE/apt-lists.stamp
	[ -n "$(find "$stamp" -mtime -1 2>/dev/null)" ] && return
	"$COFS_TOP/scripts/root.sh" >/dev/null
	step 10 "reading the package lists" "$COFS_CACHE/log/apt-lists.log" \
		"$in_root" apt-get -o Acquire::Check-Valid-Until=false update
	touch "$stamp"
}

# Prints "KVER DEBIAN_VERSION SERIES" of every cloud kernel for which image, headers and
# source exist in one and the same version, newest first.
candidates() {
	"$in_root" sh -c 'apt-cache dumpavail' | awk '
		/^Package: / { package = $2 }
		/^Version: / {
			if (package ~ /^linux-image-.*[+]deb13-cloud-amd64$/) image[package] = $2
			if (package ~ /^linux-headers-.*[+]deb13-cloud-amd64$/) headers[package] = $2
		}
		END {
			for (i in image) {
				kver = substr(i, 13)
				if (headers["linux-headers-" kver] == image[i]) print kver, image[i]
			}
		}' | sort -rV | while read -r kver version; do
		series=$(echo "$kver" | cut -d. -f1,2)
		printf '%s %s %s\n' "$kver" "$version" "$series"
	done
}

has_source() {	# VERSION SERIES
	"$in_root" apt-cache madison "linux-source-$2" </dev/null | grep -F "| $1 |" >/dev/null
}

find_kernel() {
	local all wanted
	all=$(candidates)
	if [ -n "${KVER:-}" ]; then
		"$COFS_TOP/scripts/tested.sh" "$KVER"
		all=$(grep -F "$KVER " <<<"$all" || true)
		set -- "$(cut -d. -f1,2 <<<"$KVER")"
	else
		# shellcheck disable=SC2046
		set -- $("$COFS_TOP/scripts/tested.sh")
	fi
	for wanted; do
		while read -r kver version series; do
			[ "$series" != "$wanted" ] || ! has_source "$version" "$series" || return 0
		done <<<"$all"
	done
	die "no kernel ${KVER:-of a tested series} in trixie-backports has image, headers and source"
}

if [ "${1:-}" = --list ]; then
	"$COFS_TOP/scripts/root.sh" >/dev/null
	refresh_lists
	candidates | while read -r kver version series; do
		[[ $version = *~bpo* ]] && [ "$series" != "${last:-}" ] || continue
		! has_source "$version" "$series" || { last=$series; echo "$kver"; }
	done
	exit
fi

# The choice of today, or a complete cache entry for KVER: no lists needed.
if [ -n "${KVER:-}" ] && [ -e "$COFS_CACHE/kernel-$KVER/.complete" ]; then
	echo "$COFS_CACHE/kernel-$KVER"
	exit
fi
"$COFS_TOP/scripts/root.sh" >/dev/null
choice=$COFS_CACHE/kernel.choice
if [ -z "${KVER:-}" ] && [ -n "$(find "$choice" -mtime -1 2>/dev/null)" ] &&
   [ -e "$(cat "$choice")/.complete" ]; then
	cat "$choice"
	exit
fi
refresh_lists
find_kernel
dir=$COFS_CACHE/kernel-$kver
inside=/cache/kernel-$kver
if [ -e "$dir/.complete" ]; then
	[ -n "${KVER:-}" ] || echo "$dir" >"$choice"
	echo "$dir"
	exit
fi
say "kernel $kver (Debian $version)"
need_disk 8
with_lock kernel
mkdir -p "$dir/debs"

if [ ! -e "$dir/.fetched" ]; then
	step 60 "fetching the kernel's packages" "$COFS_CACHE/log/kernel-fetch.log" \
		"$in_root" --chdir "$inside/debs" sh -euc "
		# The image is one package, or since 7.2 an empty one over binary and modules.
		image=linux-image-$kver
		for p in binary modules; do
			if apt-cache show linux-\$p-$kver=$version >/dev/null 2>&1; then image=\"\$image linux-\$p-$kver\"; fi
		done
		for p in \$image linux-headers-$kver linux-source-$series; do
			apt-get download \$p=$version
		done
		rm -rf ../image.x ../headers.x ../source.x
		for deb in *.deb; do
			case \$deb in
			linux-headers-*) dpkg-deb -x \$deb ../headers.x ;;
			linux-source-*) dpkg-deb -x \$deb ../source.x ;;
			*) dpkg-deb -x \$deb ../image.x ;;
			esac
		done"
	rm -rf "$dir/image"
	mkdir -p "$dir/image"
	vmlinuz=$(find "$dir/image.x" -type f -name 'vmlinuz*' | head -1)
	modules=$(find "$dir/image.x" -type d -name modules | head -1)
	[ -n "$vmlinuz" ] && [ -n "$modules" ] || die "the packages of $kver hold no kernel image or no modules"
	mv "$vmlinuz" "$dir/image/vmlinuz"
	mv "$modules" "$dir/image/modules"
	mv "$dir"/headers.x/usr/src/linux-headers-*/Module.symvers "$dir/Module.symvers"
	touch "$dir/.fetched"
fi
if [ ! -e "$dir/.unpacked" ]; then
	rm -rf "$dir/source" "$dir/unpack"
	mkdir -p "$dir/unpack"
	step 60 "unpacking the kernel source" "$COFS_CACHE/log/kernel-unpack.log" \
		tar -C "$dir/unpack" -xf "$dir/source.x/usr/src/linux-source-$series.tar.xz"
	mv "$dir"/unpack/* "$dir/source"
	touch "$dir/.unpacked"
fi

# CROSS_COMPILE makes CC_VERSION_TEXT, and LOCALVERSION the release, equal to Debian's, so
# that vermagic and the crate hashes match the running kernel.
mkdir -p "$dir/kdir"
cp "$dir"/headers.x/usr/src/linux-headers-*/.config "$dir/kdir/.config"
step 260 "preparing the build tree for Rust modules" "$COFS_CACHE/log/kernel-prepare.log" \
	"$in_root" --chdir "$inside/source" sh -euc "
	set -- O=$inside/kdir CROSS_COMPILE=x86_64-linux-gnu- LOCALVERSION=${kver#"${kver%%+*}"} -j$(nproc)
	make \"\$@\" olddefconfig
	grep -qx CONFIG_RUST=y $inside/kdir/.config || make \"\$@\" rustavailable
	make \"\$@\" modules_prepare"
cp "$dir/Module.symvers" "$dir/kdir/Module.symvers"
release=$(cat "$dir/kdir/include/config/kernel.release")
[ "$release" = "$kver" ] || die "the prepared tree says $release, not $kver"
[ -e "$dir/kdir/rust/libkernel.rmeta" ] || die "the prepared tree has no rust/libkernel.rmeta"
rm -rf "$dir"/*.x "$dir/unpack" "$dir/debs"
echo "$kver" >"$dir/kver"
touch "$dir/.complete"
[ -n "${KVER:-}" ] || echo "$dir" >"$choice"
echo "$dir"
