#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Checks the rules that no compiler checks, on the files named on standard input:

    scripts/files.sh | scripts/check-border.py
"""

import re
import sys

sys.dont_write_bytecode = True
import border  # noqa: E402

MAX_LINES = 800
# Programs write these; nobody reads them from top to bottom.
RECORD = re.compile(r"(^|/)Cargo\.lock$|^Documentation/bench/[a-z-]+\.json$")
# Debian's own formats have no place for it.
NO_SPDX = re.compile(
    r"(^|/)(debian/(?:changelog|clean|control|copyright|source/format|[^/]*\.(?:examples|install|manpages))|COPYING|\.gitignore|Cargo\.lock"
    r"|root\.exclude|.*\.md|.*\.json|expected/.*|.*/completions/_.*)$")
MACHINE_PATH = re.compile(r"(?<![\w$}./-])/(?:root|work|home/\w+)/")
REGISTRY = re.compile(
    r"\b(?:(?:deb|security|snapshot)\.debian\.org|crates\.io|pypi\.org|pythonhosted\.org"
    r"|npmjs\.org|proxy\.golang\.org)")


def check_text(path, text):
    """Yields (line number, complaint) for any file."""
    lines = text.split("\n")
    if len(lines) > MAX_LINES and not RECORD.search(path):
        yield 1, f"{len(lines)} lines, at most {MAX_LINES}"
    if not NO_SPDX.search(path):
        first = lines[1] if text.startswith("#!") and len(lines) > 1 else lines[0]
        if "SPDX-License-Identifier:" not in first:
            yield 1, "no SPDX line first"
    if path.endswith("Cargo.lock"):
        return
    for number, line in enumerate(lines, 1):
        if MACHINE_PATH.search(line):
            yield number, "a path of one machine"
        if REGISTRY.search(line):
            yield number, "names a registry's host"


def check(path, text):
    """All complaints about one file."""
    yield from check_text(path, text)
    if path.endswith(".rs"):
        yield from border.check_rust(path, text)


def main():
    paths = sys.stdin.read().split()
    complaints = 0
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        if b"\0" in data:
            continue
        for number, complaint in check(path, data.decode("utf-8", "replace")):
            print(f"{path}:{number}: {complaint}")
            complaints += 1
    print(f"{len(paths)} files, {complaints} complaints")
    sys.exit(1 if complaints or not paths else 0)


if __name__ == "__main__":
    main()
