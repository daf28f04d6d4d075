#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds the Debian packages, source and binary, in build/deb, and fails when lintian has an error or a
# warning. Prints the .changes file.
. "$(dirname "$0")/lib.sh"
need_root "$@"

# What packages are built with lies over the trixie root, which everything else needs without.
root=$("$COFS_TOP/scripts/root.sh")
packages=(build-essential debhelper dh-dkms fakeroot lintian)
over=$COFS_CACHE/deb-root-$(key "${root##*/}" "${packages[@]}")
in_over() {	# DIRECTORY COMMAND...
	unshare --mount --propagation private bash -euc '
		mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/root"
		shift 2
		exec "$@"' sh "$root" "$over" "$COFS_TOP/scripts/in-root" --root "$over/root" --chdir "$@"
}
with_lock deb-root
if [ ! -e "$over/.complete" ]; then
	rm -rf "$over"
	mkdir -p "$over"/{upper,work,root}
	step 60 "installing what packages are built with" "$COFS_CACHE/log/deb-root.log" in_over / sh -euc '
		apt-get -o Acquire::Check-Valid-Until=false update
		apt-get install -y --no-install-recommends "$@"' sh "${packages[@]}"
	touch "$over/.complete"
fi

out=$COFS_TOP/build/deb
rm -rf "$out"
mkdir -p "$out/cofs"
"$COFS_TOP/scripts/files.sh" | tar -C "$COFS_TOP" -cf - -T - | tar -C "$out/cofs" -xf -

# Packages are built without a network: cofsctl's crates come along. Of those for Windows the names are enough.
# Vendoring waits for every build that uses the same CARGO_HOME, so it has its own.
step 60 "gathering the crates" "$COFS_TOP/build/log/deb-crates.log" \
	in_over /cofs/build/deb/cofs/rust bash -euc '
		shopt -s nullglob
		sed -i "s|^members = .*|members = [\"core\", \"tools/cofsctl\", \"tools/reader\"]|" Cargo.toml
		sed -i "/^\[profile/,\$d" Cargo.toml
		sed -i "/^\[dev-dependencies\]/,/^\$/d" {core,tools/cofsctl,tools/reader}/Cargo.toml
		mkdir -p .cargo
		CARGO_HOME=/cofs/build/cargo cargo vendor --quiet vendor
		printf "[source.%s]\n%s\n" crates-io "replace-with = \"vendored\"" vendored "directory = \"vendor\"" \
			>.cargo/config.toml
		for crate in vendor/{windows,winapi}*; do
			find "$crate" -type f ! -name Cargo.toml ! -name .cargo-checksum.json -delete
			find "$crate" -type d -empty -delete
			mkdir -p "$crate/src"
			touch "$crate/src/lib.rs"
			sed -i "s/\"files\":{[^}]*}/\"files\":{}/" "$crate/.cargo-checksum.json"
		done'
step 120 "building the packages" "$COFS_TOP/build/log/deb.log" \
	in_over /cofs/build/deb/cofs dpkg-buildpackage --no-sign
rm -rf "$out/cofs"
changes=$(find "$out" -name '*.changes')
step 30 "asking lintian" "$COFS_TOP/build/log/lintian.log" \
	in_over /cofs/build/deb lintian --allow-root --fail-on error,warning "${changes##*/}"
echo "$changes"
