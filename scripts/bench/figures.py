# SPDX-License-Identifier: GPL-2.0
"""The bench's figures, as the guests printed them and as build/bench.json has them."""

import json
import os
import sys

# Who competes, in the order of tables and plots.
PEERS = (
    "erofs",
    "erofs inode_share",
    "squashfs lz4",
    "squashfs zstd",
    "ext4 overlay",
    "composefs",
    "cofs",
    "cofs inode_share",
)
BASES = ("erofs", "erofs inode_share")
FIELDS = ("lab", "pair", "image", "work", "fs", "unit", "median", "min", "max", "ratio_to_erofs")


def pair_of(name):
    """The pair that a guest's output is about, as "NAME PACKAGE OLDER NEWER", or ""."""
    versions = name.removesuffix(".out") + ".versions"
    if not os.path.exists(versions):
        return ""
    with open(versions, encoding="ascii") as file:
        return file.read().strip()


def read(files):
    """Every line of JSON that the guests printed, with its ratio to erofs: to that without
    sharing, or where only those who share have a figure, to that which shares."""
    found = []
    for name in files:
        with open(name, encoding="utf-8", errors="replace") as lines:
            figures = [json.loads(line) for line in lines if line.startswith("{")]
        for figure in figures:
            figure["pair"] = pair_of(name)
        found += figures
    medians = {(*row_of(f), f["fs"]): f["median"] for f in found}
    for f in found:
        bases = (medians.get((*row_of(f), base)) for base in BASES)
        base = next((base for base in bases if base), None)
        f["ratio_to_erofs"] = round(f["median"] / base, 4) if base else None
    return [{field: f[field] for field in FIELDS} for f in found]


def row_of(figure):
    return tuple(figure[field] for field in ("lab", "pair", "image", "work", "unit"))


def by_row(found):
    """{row: {fs: figure}}, in the order in which they were measured."""
    rows = {}
    for figure in found:
        rows.setdefault(row_of(figure), {})[figure["fs"]] = figure
    return rows


def take_given(found):
    """Takes out how many bytes everyone gave. Who gave others than erofs did not do the work."""
    for row, given in by_row(f for f in found if f["unit"] == "bytes").items():
        if len({f["median"] for f in given.values()}) != 1:
            sys.exit(f"cofs: not everyone gave the same bytes: {row}")
    return [f for f in found if f["unit"] != "bytes"]


def load(name):
    with open(name, encoding="ascii") as file:
        return json.load(file)


def store(found, name):
    """A list with a line for each figure."""
    with open(name, "w", encoding="ascii") as file:
        file.write("[\n" + ",\n".join(json.dumps(f) for f in found) + "\n]\n")
