# SPDX-License-Identifier: GPL-2.0
# `make tinyconfig` and some objects of the kernel whose source lies on the image, by the compiler that does.

cd /src || exit
objects=(lib/{string,ctype,cmdline,vsprintf,sort,bitmap,rbtree,radix-tree,xarray}.o kernel/{fork,exit,signal,sys}.o mm/{mmap,memory,filemap}.o)
make -s tinyconfig || exit
make -s -j"$(nproc)" KCFLAGS=-pipe KBUILD_BUILD_TIMESTAMP='2026-01-01' "${objects[@]}" || exit
size "${objects[@]}" || ls -l "${objects[@]}"
sum=$(cat "${objects[@]}" | sha256sum | cut -c1-12)
echo "result: tinyconfig, ${#objects[@]} objects, digest $sum"
