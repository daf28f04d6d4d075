#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Instructions by function, from what qemu/profile.c counted.

    profile.py DIR

DIR has `counts` (of the plugin) and `out` (of the guest: its symbols, and what each span was).
Writes DIR/WORK-CONTENDER.txt for the last span of each.
"""

import bisect
import collections
import os
import re
import subprocess
import sys

KERNEL = 1 << 63
MOST = 60


def readable(names):
    """The names of Rust's functions as the source has them."""
    text = subprocess.run(
        ["c++filt", "--format=rust"], input="\n".join(names), capture_output=True, check=True, text=True
    )
    return dict(zip(names, text.stdout.splitlines()))


def read_out(name):
    """Returns the functions as sorted addresses and names, and {title: span}."""
    functions, spans = [], {}
    with open(name, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            fields = line.split()
            if line.startswith("symbol ") and fields[2] in "tTwW":
                functions.append((int(fields[1], 16), " ".join(fields[3:])))
            elif line.startswith("span "):
                spans[" ".join(fields[2:])] = int(fields[1])
    functions.sort()
    return functions, spans


def read_counts(name, functions, wanted):
    """Returns {span: {function: instructions}}."""
    starts = [start for start, _ in functions]
    found = {span: collections.Counter() for span in wanted}
    current = None
    with open(name, encoding="ascii") as lines:
        for line in lines:
            address, count = line.split()
            if address == "span":
                current = found.get(int(count))
            elif current is not None:
                at = bisect.bisect_right(starts, int(address, 16)) - 1
                kernel = int(address, 16) >= KERNEL and at >= 0
                current[functions[at][1] if kernel else "the program"] += int(count)
    return found


def main():
    (directory,) = sys.argv[1:]
    functions, spans = read_out(os.path.join(directory, "out"))
    if not spans:
        sys.exit("cofs: the guest measured nothing")
    counts = read_counts(os.path.join(directory, "counts"), functions, set(spans.values()))
    names = readable(sorted({function for span in counts.values() for function in span}))
    for title, span in spans.items():
        total = sum(counts[span].values())
        name = re.sub("[^a-zA-Z0-9]+", "-", title) + ".txt"
        print(f"{total / 1e6:10.2f} M  {os.path.join(directory, name)}")
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(f"{title}: {total} instructions\n")
            for function, count in counts[span].most_common(MOST):
                file.write(f"{count:12} {100 * count / total:5.1f} %  {names[function]}\n")


main()
