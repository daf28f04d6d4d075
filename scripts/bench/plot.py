#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Plots of the bench's figures, as SVG.

    plot.py MEMORY.SVG RATIO.SVG BENCH.JSON...

MEMORY.SVG: the page cache after everything was read, and with both services up, by pair and
filesystem. RATIO.SVG: each work in proportion to erofs, by filesystem, with the first pair.
"""

import html
import math
import sys

import figures

# Two shades for each kind, of Okabe and Ito's colours, which everybody can tell apart.
COLOURS = {
    "erofs": "#bbbbbb",
    "erofs inode_share": "#777777",
    "squashfs lz4": "#f0c419",
    "squashfs zstd": "#b8860b",
    "ext4 overlay": "#009e73",
    "composefs": "#cc79a7",
    "cofs": "#56b4e9",
    "cofs inode_share": "#0062a8",
}
FONT = 'font-family="DejaVu Sans, Verdana, sans-serif"'
GREY = "#666666"


class Drawing:
    """Lines of SVG on a white ground."""

    def __init__(self, width, height):
        self.lines = [
            "<!-- SPDX-License-Identifier: GPL-2.0 -->",
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" {FONT} font-size="12">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
        ]

    def text(self, x, y, text, anchor="start", size=12, colour="#222222", weight="normal"):
        self.lines.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'fill="{colour}" font-weight="{weight}">{html.escape(text)}</text>'
        )

    def box(self, x, y, width, height, colour):
        self.lines.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'
        )

    def line(self, x1, y1, x2, y2, colour="#dddddd", width=1):
        self.lines.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}" stroke-width="{width}"/>'
        )

    def dot(self, x, y, colour, radius=4.5):
        self.lines.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" '
            f'stroke="white" stroke-width="1"/>'
        )

    def store(self, name):
        with open(name, "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines + ["</svg>", ""]))


def panel_of_memory(rows, pair, work):
    """[(fs, MiB)] of one pair: of those that do not compress from plain images."""
    found = {}
    for (_, its_pair, image, its_work, _), row in rows.items():
        if its_pair != pair or its_work != work:
            continue
        for fs, figure in row.items():
            if image.startswith("plain") or fs.startswith("squashfs"):
                found[fs] = figure["median"] / 1024
    return [(fs, found[fs]) for fs in figures.PEERS if fs in found]


def memory(found, name):
    """Bars: a row of panels for each pair."""
    rows = figures.by_row(found)
    pairs = list(dict.fromkeys(f["pair"] for f in found if f["pair"]))
    works = [
        (work, title)
        for work, title in (
            ("pair read: page cache", "every file of both read by read(2)"),
            ("pair sendfile: page cache", "every file of both by sendfile(2)"),
            ("pair services: page cache", "both services have answered"),
        )
        if any(row[3] == work for row in rows)
    ]
    if not pairs or not works:
        return
    left, bars, gap, bar, top = 130, 175, 55, 18, 66
    high = bar * len(figures.PEERS)
    width = left + (bars + gap) * len(works)
    drawing = Drawing(width, top + len(pairs) * (high + 52) + 4)
    drawing.text(12, 22, "Page cache of two versions of one package, MiB", size=15, weight="bold")
    for column, (_, title) in enumerate(works):
        drawing.text(left + column * (bars + gap), 46, title, size=11, colour=GREY)
    for line, pair in enumerate(pairs):
        y0 = top + line * (high + 52) + 18
        package, older, newer = pair.split()
        drawing.text(12, y0 - 8, f"{package} {older} and {newer}", weight="bold")
        for column, (work, _) in enumerate(works):
            panel = panel_of_memory(rows, pair, work)
            x0 = left + column * (bars + gap)
            most = max((value for _, value in panel), default=1)
            for fs, value in panel:
                y = y0 + bar * figures.PEERS.index(fs)
                own = fs == "cofs inode_share"
                long = bars * value / most
                drawing.box(x0, y + 2, long, bar - 4, COLOURS[fs])
                drawing.text(
                    x0 + long + 4, y + bar - 5, f"{value:.1f}", size=11, weight="bold" if own else "normal"
                )
            drawing.line(x0, y0, x0, y0 + high, GREY)
            for fs in set(figures.PEERS) - {fs for fs, _ in panel}:
                y = y0 + bar * (figures.PEERS.index(fs) + 1) - 5
                drawing.text(x0 + 4, y, "not measured", size=10, colour=GREY)
        for at, fs in enumerate(figures.PEERS):
            weight = "bold" if fs == "cofs inode_share" else "normal"
            drawing.text(left - 8, y0 + bar * (at + 1) - 5, fs, "end", 11, weight=weight)
    drawing.store(name)


def ratios(found, name):
    """Dots on a logarithmic axis, a row for each work."""
    first = next((f["pair"] for f in found if f["pair"]), "")
    rows = []
    for (lab, pair, image, work, unit), row in figures.by_row(found).items():
        if lab not in ("instructions", "walk", "service") or unit not in ("instructions", "us"):
            continue
        if pair not in ("", first) or "erofs" not in row or len(row) == 1:
            continue
        if pair:
            work = f"{pair.split()[0]}, {image.split('-')[0]}: {work.removeprefix('pair ')}"
        rows.append((work, row))
    if not rows:
        return
    scale = (0.1, 0.2, 0.5, 1, 2, 5, 10)
    left, wide, line, top = 320, 560, 26, 96
    high = line * len(rows)
    drawing = Drawing(left + wide + 40, top + high + 24)
    drawing.text(12, 22, "Instructions for the same work, erofs = 1 (less is better)", size=15, weight="bold")

    def at(value):
        low, most = math.log(scale[0]), math.log(scale[-1])
        share = (math.log(min(max(value, scale[0]), scale[-1])) - low) / (most - low)
        return left + wide * share

    x, y = 12, 46
    for fs in figures.PEERS:
        if fs == "erofs" or not any(fs in row for _, row in rows):
            continue
        drawing.dot(x + 6, y - 4, COLOURS[fs])
        drawing.text(x + 15, y, fs)
        x += 30 + 7.2 * len(fs)
    for value in scale:
        drawing.text(at(value), top - 8, f"{value:g}", "middle", 11, GREY)
        drawing.line(at(value), top, at(value), top + high, GREY if value == 1 else "#dddddd")
    for number, (work, row) in enumerate(rows):
        y = top + line * number + line / 2
        drawing.text(left - 12, y + 4, work, "end", 11)
        drawing.line(left, y + line / 2, left + wide, y + line / 2, "#eeeeee")
        others = [fs for fs in figures.PEERS if fs in row and fs != "erofs"]
        for place, fs in enumerate(others):
            # Beside each other where their ratios are the same.
            aside = (place + 0.5) / len(others) - 0.5
            drawing.dot(at(row[fs]["ratio_to_erofs"]), y + aside * (line - 8), COLOURS[fs])
    drawing.store(name)


def main():
    memory_svg, ratio_svg, *sources = sys.argv[1:]
    found = [figure for source in sources for figure in figures.load(source)]
    memory(found, memory_svg)
    ratios(found, ratio_svg)


main()
