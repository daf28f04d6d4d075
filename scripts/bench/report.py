#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The bench's lines as JSON, with ratios, and as a table.

    report.py OUT FILE...

Each FILE is what a guest printed. OUT.json gets every figure, OUT.md the table, which is
printed too. A row that is over its limit says so; the status does not.
"""

import json
import sys

PEER = {"cofs": "erofs", "cofs inode_share": "erofs inode_share"}

# (lab, work, cofs, peer): the most that the ratio is to be.
LIMITS = {
    **{
        ("instructions", work, *pair): 1.00
        for pair in PEER.items()
        for work in (
            "read: cold, 1 MiB",
            "read: warm, 1 MiB",
            "read: warm, 4 KiB",
            "fault: sequential",
            "fault: random",
            "ls -lR: cold",
            "ls -lR: warm",
            "ls -lR: metadata",
        )
    },
    ("instructions", "open+close", "cofs inode_share", "erofs inode_share"): 0.70,
    ("instructions", "ls -lR: inodes and dentries", "cofs inode_share", "erofs inode_share"): 0.55,
    **{
        ("instructions", f"{work}: {window}", "cofs", "erofs"): limit
        for work, limits in (
            ("plain", (1.00, 1.00)),
            ("lz4-4k", (0.75, 0.75)),
            ("lz4-64k", (0.85, 0.60)),
            ("lz4-1m", (0.85, 0.85)),
            ("zstd", (1.00, 1.00)),
            ("deflate", (1.00, 1.00)),
            ("lzma", (1.00, 1.00)),
        )
        for window, limit in zip(("8 MiB window", "128 KiB window"), limits)
    },
    **{
        ("instructions", f"{image} random: {what}", "cofs", "erofs"): limit
        for image in ("lz4-4k", "lz4-64k")
        for what, limit in (("1,024 of 4 KiB", 0.90), ("1,024 of 4 KiB, device", 1.00))
    },
    **{
        ("instructions", f"lz4-64k shared: {what}", "cofs inode_share", "erofs inode_share"): limit
        for what, limit in (
            ("8 MiB window", 0.60),
            ("8 MiB window, page cache", 0.80),
            ("128 KiB window, page cache", 0.80),
        )
    },
    **{
        ("instructions", f"{image} memory: {window}, with the mount", "cofs", "erofs"): 1.00
        for image in ("lz4-4k", "lz4-64k", "lz4-1m", "zstd", "lzma")
        for window in ("8 MiB window", "128 KiB window")
    },
    **{("time", "mount+umount", *pair): 1.10 for pair in PEER.items()},
}


def figures(files):
    """Every line of JSON that the guests printed, with its ratio to the peer."""
    found = []
    for name in files:
        with open(name) as lines:
            found += [json.loads(line) for line in lines if line.startswith("{")]
    medians = {(f["lab"], f["image"], f["work"], f["unit"], f["fs"]): f["median"] for f in found}
    for f in found:
        f["pair"] = ""
        peer = PEER.get(f["fs"], f["fs"])
        base = medians.get((f["lab"], f["image"], f["work"], f["unit"], peer))
        f["ratio_to_erofs"] = round(f["median"] / base, 4) if base else None
    return found


def value(f):
    median = f["median"]
    return f"{median / 1e6:.2f} M" if median >= 1e6 else f"{median:,.0f}"


def table(found):
    by_row = {}
    for f in found:
        by_row.setdefault((f["lab"], f["work"], f["unit"]), {})[f["fs"]] = f
    yield "| work | unit | peer | its | cofs | ratio | at most |"
    yield "|---|---|---|---:|---:|---:|---|"
    for (lab, work, unit), row in by_row.items():
        for mine, peer in PEER.items():
            if mine not in row or peer not in row:
                continue
            ratio = row[mine]["ratio_to_erofs"]
            limit = LIMITS.get((lab, work, mine, peer))
            mark = "" if limit is None else f"{limit:.2f}"
            # As many digits as the limit has.
            if limit is not None and ratio is not None and round(ratio, 2) > limit:
                mark += ", **over**"
            shown = "" if ratio is None else f"{ratio:.3f}"
            yield f"| {work} | {unit} | {peer} | {value(row[peer])} | {value(row[mine])} | {shown} | {mark} |"


def main():
    out, *files = sys.argv[1:]
    found = figures(files)
    if not found:
        sys.exit("cofs: the guests gave no figures")
    with open(f"{out}.json", "w") as file:
        json.dump(found, file, indent=1)
        file.write("\n")
    lines = list(table(found))
    with open(f"{out}.md", "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


main()
