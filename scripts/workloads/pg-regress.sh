#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds PostgreSQL's regression tests, and the program that runs them, in the trixie root:
#
#   pg-regress.sh PACKAGES TREE
#
# from the source and the developers' package in the directory PACKAGES, into TREE/opt/pg-regress. TREE has
# the server.
set -euo pipefail
packages=$1 tree=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
to=$tree/opt/pg-regress

mkdir "$work/source"
dpkg-deb -x "$packages"/postgresql-server-dev-17_*.deb "$work/dev"
tar -C "$work/source" --strip-components=1 -xf "$packages"/postgresql-17_*.orig.tar.*
tests=$work/source/src/test/regress
rm -rf "$to"
mkdir -p "$to"
cp -a "$tests"/{sql,expected,data,parallel_schedule,resultmap} "$to/"
cp "$tree"/usr/lib/postgresql/17/lib/{refint,autoinc}.so "$to/"

# Debian packages no pg_regress. Its paths are given when it runs.
for name in PGBIN PGSHARE PGSYSCONF INCLUDE PKGINCLUDE INCLUDESERVER LIB PKGLIB LOCALE DOC HTML MAN; do
	echo "#define ${name}DIR \"/nonexistent\""
done >"$work/source/src/include/pg_config_paths.h"
include=(-I"$work/dev/usr/include/postgresql/17/server" -I"$work/source/src/include" -I"$work/source/src/interfaces/libpq")
lib=$work/dev/usr/lib/postgresql/17/lib
gcc -O2 -shared -fPIC "${include[@]}" -o "$to/regress.so" "$tests/regress.c"
gcc -O2 "${include[@]}" -DFRONTEND -DHOST_TUPLE='"x86_64-linux-gnu"' -DSHELLPROG='"/bin/sh"' -DDLSUFFIX='".so"' \
	-o "$to/pg_regress" "$tests"/pg_regress{,_main}.c "$lib"/lib{pgfeutils,pgcommon,pgport}.a \
	"$tree"/usr/lib/*-linux-gnu/libpq.so.5 -lm -Wl,--allow-shlib-undefined
