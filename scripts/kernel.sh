#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Finds the kernel to build for, fetches its packages and prepares a build tree for Rust
# modules. Prints the cache entry: DIR/{kver,image,source,kdir}.
#
#   scripts/kernel.sh          the newest of trixie-backports that has source, headers and image, of the
#                              first series in scripts/kernels.tested of which there is one
#   KVER=... scripts/kernel.sh that one, of trixie-backports, forky or experimental
#   scripts/kernel.sh --list SUITE  releases: of each series that SUITE has with its source, the newest
. "$(dirname "$0")/lib.sh"
need_root "$@"

# enter RELEASE|SUITE: the root that such kernels are found and built in, with package lists of today:
# backports moves within weeks.
enter() {
	local root
	root=$("$COFS_TOP/scripts/root.sh" "$1")
	in_root=("$COFS_TOP/scripts/in-root" --root "$root")
	[ -z "$(find "$root/.lists" -mtime -1 2>/dev/null)" ] || return 0
	step 10 "reading the package lists" "$COFS_CACHE/log/apt-lists.log" \
		"${in_root[@]}" apt-get -o Acquire::Check-Valid-Until=false update
	touch "$root/.lists"
}

# candidates [SUITE]: "KVER DEBIAN_VERSION SERIES" of every cloud kernel for which image, headers and
# source exist in one and the same version, newest first.
candidates() {
	"${in_root[@]}" sh -c 'apt-cache madison $(apt-cache pkgnames linux- |
		grep -E "^linux-((image|headers)-[0-9].*-cloud-amd64|source-[0-9.]+)$")' |
		awk -F ' *[|] *' -v suite="${1:-}" '
		{
			gsub(" ", "", $1)
			split($3, place, " ")
			if (suite == "" || index(place[2], suite "/") == 1) has[$1, $2]
		}
		END {
			for (i in has) {
				split(i, package, SUBSEP)
				version = package[2]
				if (!sub(/^linux-image-/, "", package[1])) continue
				kver = package[1]
				match(kver, /^[0-9]+[.][0-9]+/)
				series = substr(kver, 1, RLENGTH)
				if (("linux-headers-" kver, version) in has && ("linux-source-" series, version) in has)
					print kver, version, series
			}
		}' | sort -rV
}

find_kernel() {
	local all column wanted
	if [ -n "${KVER:-}" ]; then
		"$COFS_TOP/scripts/tested.sh" "$KVER"
		all=$(candidates) column=1
		set -- "$KVER"
	else
		all=$(candidates trixie-backports) column=3
		# shellcheck disable=SC2046
		set -- $("$COFS_TOP/scripts/tested.sh")
	fi
	for wanted; do
		read -r kver version series < <(awk -v column=$column -v wanted="$wanted" '$column == wanted' <<<"$all") &&
			return
	done
	die "no kernel ${KVER:-of a tested series} in Debian's archive has image, headers and source"
}

if [ "${1:-}" = --list ]; then
	enter "$2"
	candidates "$2" | awk '!seen[$3]++ { print $1 }'
	exit
fi

# The choice of today, or a complete cache entry for KVER: no lists needed. Releases of experimental
# have no revision in their names, and may be of another version tomorrow.
if [[ ${KVER:-} = *+* ]] && [ -e "$COFS_CACHE/kernel-$KVER/.complete" ]; then
	echo "$COFS_CACHE/kernel-$KVER"
	exit
fi
choice=$COFS_CACHE/kernel.choice
if [ -z "${KVER:-}" ] && [ -n "$(find "$choice" -mtime -1 2>/dev/null)" ] &&
   [ -e "$(cat "$choice")/.complete" ]; then
	cat "$choice"
	exit
fi
enter "${KVER:-trixie}"
find_kernel
dir=$COFS_CACHE/kernel-$kver
inside=/cache/kernel-$kver
if [ -e "$dir/version" ] && [ "$(cat "$dir/version")" != "$version" ]; then
	rm -rf "$dir" "$COFS_CACHE/boot-$kver"-*
fi
if [ -e "$dir/.complete" ]; then
	[ -n "${KVER:-}" ] || echo "$dir" >"$choice"
	echo "$dir"
	exit
fi
say "kernel $kver (Debian $version)"
need_disk 8
with_lock kernel
mkdir -p "$dir/debs"
echo "$version" >"$dir/version"

if [ ! -e "$dir/.fetched" ]; then
	step 60 "fetching the kernel's packages" "$COFS_CACHE/log/kernel-fetch.log" \
		"${in_root[@]}" --chdir "$inside/debs" sh -euc "
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

# CROSS_COMPILE makes CC_VERSION_TEXT, and KERNELRELEASE the release, equal to Debian's, so
# that vermagic matches the running kernel; the compiler's version is in the names of Rust's symbols.
mkdir -p "$dir/kdir"
cp "$dir"/headers.x/usr/src/linux-headers-*/.config "$dir/kdir/.config"
built_by=$(sed -n 's/^CONFIG_RUSTC_VERSION_TEXT="\(.*\)"$/\1/p' "$dir/kdir/.config")
rustc=$("${in_root[@]}" rustc --version)
[ "$built_by" = "$rustc" ] || die "kernel $kver was built by ${built_by:-no rustc}, here is $rustc"
step 260 "preparing the build tree for Rust modules" "$COFS_CACHE/log/kernel-prepare.log" \
	"${in_root[@]}" --chdir "$inside/source" sh -euc "
	set -- O=$inside/kdir CROSS_COMPILE=x86_64-linux-gnu- KERNELRELEASE=$kver -j$(nproc)
	make \"\$@\" olddefconfig
	grep -qx CONFIG_RUST=y $inside/kdir/.config || make \"\$@\" rustavailable
	make \"\$@\" modules_prepare"
cp "$dir/Module.symvers" "$dir/kdir/Module.symvers"
[ -e "$dir/kdir/rust/libkernel.rmeta" ] || die "the prepared tree has no rust/libkernel.rmeta"
rm -rf "$dir"/*.x "$dir/unpack" "$dir/debs"
echo "$kver" >"$dir/kver"
touch "$dir/.complete"
[ -n "${KVER:-}" ] || echo "$dir" >"$choice"
echo "$dir"
