#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What keeping one copy of each file's content can save, computed from two trees.

    bound.py TREE TREE

Pages of all regular files, a hard link counted once per tree, against the pages that are
left when each content (SHA-256 and size) is kept once. Prints
"ALL_PAGES ONE_COPY_PAGES BYTES", the bytes being what a reader of every path gets.
"""

import hashlib
import os
import stat
import sys

PAGE = 4096


def regular_files(tree):
    """Yields (path, lstat) of each path that is a regular file."""
    for directory, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            if stat.S_ISREG(info.st_mode):
                yield path, info


def main():
    pages = size = 0
    once = {}
    for tree in sys.argv[1:]:
        seen = set()
        for path, info in regular_files(tree):
            size += info.st_size
            if info.st_ino in seen:
                continue
            seen.add(info.st_ino)
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            once[digest, info.st_size] = -(-info.st_size // PAGE)
            pages += -(-info.st_size // PAGE)
    print(pages, sum(once.values()), size)


if len(sys.argv) != 3:
    sys.exit("usage: bound.py TREE TREE")
main()
