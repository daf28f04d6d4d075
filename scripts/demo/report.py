#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The demo's table, its JSON and its verdict.

    report.py DIR NAME NAME [FAULT]...

DIR has `bound` (of bound.py) and `out` (of guest.sh); the JSON becomes DIR.json. A FAULT is
what the caller saw go wrong.
"""

import json
import os
import re
import sys

CONTENDERS = ("erofs", "erofs_inode_share", "cofs")
TITLES = ("erofs", "inode_share", "cofs", "bound")
BOUND_POINTS = 1.0
PEER_FACTOR = 1.02


def parse(lines):
    """Returns {contender: {key: value}} of the guest's lines."""
    found = {name: {} for name in CONTENDERS}
    for line in lines:
        match = re.match(r"demo: (\w+) (\w+) (.*)", line.strip())
        if match and match[1] in found:
            found[match[1]][match[2]] = match[3]
    return found


def failures_of_steps(found, tree_bytes):
    """What keeps the numbers from being numbers."""
    for name in CONTENDERS:
        values = found[name]
        if "failed" in values:
            yield f"{name} failed {values['failed']}"
        elif "complete" not in values:
            yield f"{name} did not come to its end"
        for way in ("read", "sendfile", "lz4"):
            got = values.get(f"{way}_bytes", tree_bytes)
            if int(got) != tree_bytes:
                yield f"{name} gave {got} bytes by {way}, the trees have {tree_bytes}"


def mib(kib):
    return int(kib) / 1024


def saved(row, reference, key):
    return 100 * (1 - row[key] / reference[key])


def rows_of(found):
    rows = {}
    for name in CONTENDERS:
        values = found[name]
        row = {
            "full_read_mib": mib(values["read_kib"]),
            "full_sendfile_mib": mib(values["sendfile_kib"]),
            "running_mib": mib(values["running_kib"]),
        }
        reference = rows.get("erofs", row)
        row["saved_percent"] = saved(row, reference, "full_read_mib")
        row["saved_sendfile_percent"] = saved(row, reference, "full_sendfile_mib")
        row["lz4_image_mib"] = mib(values["lz4_image_kib"])
        row["lz4_read_mib"] = mib(values["lz4_kib"])
        row["lz4_device_read_mib"] = mib(values["lz4_device_kib"])
        row["device_read_mib"] = mib(values["read_device_kib"])
        row["mount_ms"] = int(values["mount_us"]) / 1000
        rows[name] = row
    return rows


def failures_of_numbers(rows, bound_percent):
    cofs, peer = rows["cofs"], rows["erofs_inode_share"]
    for key, way in (("saved_percent", "read(2)"), ("saved_sendfile_percent", "sendfile(2)")):
        if abs(cofs[key] - bound_percent) > BOUND_POINTS:
            yield (
                f"cofs saves {cofs[key]:.1f} % after the full read by {way}, "
                f"which is not within {BOUND_POINTS:.0f} point of {bound_percent:.1f} %"
            )
    if cofs["lz4_read_mib"] > cofs["full_read_mib"] * PEER_FACTOR:
        yield (
            f"of the LZ4 images cofs keeps {cofs['lz4_read_mib']:.1f} MiB, "
            f"of the plain ones {cofs['full_read_mib']:.1f}"
        )
    for key in ("full_read_mib", "full_sendfile_mib", "running_mib", "lz4_read_mib"):
        if cofs[key] > PEER_FACTOR * peer[key]:
            yield (
                f"{key} of cofs is {cofs[key]:.1f}, "
                f"over erofs inode_share's {peer[key]:.1f} + 2 %"
            )


def table(rows, found, bound_mib):
    """Yields the lines of the table."""
    wide = max(len(title) for title in TITLES) + 2

    def line(title, cells):
        return f"{title:<44}" + "".join(f"{cell:>{wide}}" for cell in cells)

    def memory(title, key, bound=None):
        used = [rows[name][key] for name in CONTENDERS] + ([bound] if bound else [])
        yield line(title, [f"{value:.2f}" for value in used])
        gains = [used[0] - value for value in used[1:]]
        yield line("  saved, MiB", ["-"] + [f"{gain:.2f}" for gain in gains])
        yield line("  saved, %", ["-"] + [f"{100 * gain / used[0]:.2f}" for gain in gains])

    yield line("", TITLES)
    yield from memory("page cache, all files by read(2), MiB", "full_read_mib", bound_mib)
    yield from memory("page cache, all files by sendfile(2), MiB", "full_sendfile_mib", bound_mib)
    yield from memory("page cache, both servers answer, MiB", "running_mib")
    directories = [mib(found[name]["read_directories_kib"]) for name in CONTENDERS]
    yield line("directories, not in the above two, MiB", [f"{value:.2f}" for value in directories])
    device = [rows[name]["device_read_mib"] for name in CONTENDERS]
    yield line("read from the devices, read(2), MiB", [f"{value:.2f}" for value in device])
    yield line("LZ4 images, MiB", [f"{rows[name]['lz4_image_mib']:.2f}" for name in CONTENDERS])
    yield from memory("LZ4: page cache, all files by read(2), MiB", "lz4_read_mib", bound_mib)
    device = [rows[name]["lz4_device_read_mib"] for name in CONTENDERS]
    yield line("LZ4: read from the devices, MiB", [f"{value:.2f}" for value in device])
    times = [rows[name]["mount_ms"] for name in CONTENDERS]
    yield line("mounting both, cold, ms", [f"{value:.1f}" for value in times])


def rounded(value):
    return round(value, 2) if isinstance(value, float) else value


def main():
    directory, *pair = sys.argv[1:4]
    faults = sys.argv[4:]
    with open(os.path.join(directory, "bound"), encoding="ascii") as file:
        pages, once, tree_bytes = map(int, file.read().split())
    with open(os.path.join(directory, "out"), encoding="utf-8", errors="replace") as file:
        found = parse(file)
    bound_percent = 100 * (1 - once / pages)

    failures = list(failures_of_steps(found, tree_bytes))
    if not failures:
        rows = rows_of(found)
        print(f"\n{pair[0]} and {pair[1]}: {pages * 4 / 1024:.2f} MiB of files")
        print("\n".join(table(rows, found, once * 4 / 1024)) + "\n")
        failures = list(failures_of_numbers(rows, bound_percent))
        result = {
            "pair": pair,
            "bound_percent": rounded(bound_percent),
            "rows": {
                name: {key: rounded(value) for key, value in row.items()}
                for name, row in rows.items()
            },
        }
        with open(f"{directory}.json", "w", encoding="utf-8") as file:
            json.dump(result, file, indent=2)
            file.write("\n")
    for failure in faults + failures:
        print(f"FAILED: {failure}")
    if faults or failures:
        sys.exit(1)
    print(
        f"PASSED: cofs keeps one copy: {rows['cofs']['saved_percent']:.1f} % saved by read, "
        f"{rows['cofs']['saved_sendfile_percent']:.1f} % by sendfile, of a possible "
        f"{bound_percent:.1f} %"
    )


if len(sys.argv) < 4:
    sys.exit("usage: report.py DIR NAME NAME [FAULT]...")
main()
