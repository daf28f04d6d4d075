#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The bench's lines as JSON, with ratios, and as tables.

    report.py OUT ABOUT FILE...

Each FILE is what a guest printed, ABOUT says what made them. OUT.json gets every figure, OUT.md the
tables, which are printed too. A row that is over its limit says so; the status does not.
"""

import sys

import figures
from limits import LIMITS, PEER


def value(median):
    return f"{median / 1e6:.2f} M" if median >= 1e6 else f"{median:,.0f}"


def against_peer(rows):
    """cofs and its closest peer, with what the ratio is to be."""
    yield "| work | unit | peer | its | cofs | ratio | at most |"
    yield "|---|---|---|---:|---:|---:|---|"
    for (lab, pair, _, work, unit), row in rows.items():
        for mine, peer in PEER.items():
            if pair or mine not in row or peer not in row:
                continue
            its, own = row[peer]["median"], row[mine]["median"]
            limit = LIMITS.get((lab, work, mine, peer))
            mark = "" if limit is None else f"{limit:.2f}"
            # As many digits as the limit has.
            if limit is not None and its and round(own / its, 2) > limit:
                mark += ", **over**"
            shown = f"{own / its:.3f}" if its else ""
            yield f"| {work} | {unit} | {peer} | {value(its)} | {value(own)} | {shown} | {mark} |"


def everyone(rows, cell):
    """A column for each filesystem."""
    used = [fs for fs in figures.PEERS if any(fs in row for row in rows.values())]
    yield "| work | unit | " + " | ".join(used) + " |"
    yield "|---|---|" + "---:|" * len(used)
    for (_, _, image, work, unit), row in rows.items():
        title = f"{work}, {image.split('-')[0]}" if work.startswith("pair ") else work
        cells = [cell(row[fs]) if fs in row else "" for fs in used]
        yield f"| {title.removeprefix('pair ')} | {unit} | " + " | ".join(cells) + " |"


def ratio(figure):
    found = figure["ratio_to_erofs"]
    return "" if found is None else f"{found:.3f}"


def tables(found):
    rows = figures.by_row(found)
    for pair in dict.fromkeys(f["pair"] for f in found if f["pair"]):
        package, older, newer = pair.split()
        yield f"\n## {package} {older} and {newer}\n"
        yield from everyone({r: row for r, row in rows.items() if r[1] == pair}, lambda f: value(f["median"]))
    single = {r: row for r, row in rows.items() if not r[1]}
    if single:
        yield "\n## Everyone, as ratios to erofs\n"
        yield from everyone(single, ratio)
        yield "\n## cofs and its closest peer\n"
        yield from against_peer(single)


def main():
    out, about, *files = sys.argv[1:]
    found = figures.take_given(figures.read(files))
    if not found:
        sys.exit("cofs: the guests gave no figures")
    figures.store(found, f"{out}.json")
    with open(about, encoding="utf-8") as file:
        text = file.read()
    text += "\n".join(tables(found)) + "\n"
    with open(f"{out}.md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text, end="")


main()
