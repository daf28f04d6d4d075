#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Fails where cofs loses on a hot path to the peer that reads the same images in the same boot.

    check.py FILE      (what the guest printed)
"""

import sys

import figures
from limits import PEER

# A read hit, a fault, an open, one cluster.
HOT = (
    "read: warm, 1 MiB",
    "read: warm, 4 KiB",
    "fault: sequential",
    "fault: random",
    "open+close",
    "lz4-64k cluster: 4 KiB",
    "lz4-64k cluster: 64 KiB",
)
MOST = 1.03


def main():
    (name,) = sys.argv[1:]
    rows = {row[3]: found for row, found in figures.by_row(figures.read([name])).items()}
    lost = missing = 0
    for work in HOT:
        for mine, peer in PEER.items():
            found = rows.get(work, {})
            if mine not in found or peer not in found:
                missing += 1
                print(f"MISSING  {work}: {mine} or {peer} has no figure")
                continue
            ratio = found[mine]["median"] / found[peer]["median"]
            lost += ratio > MOST
            verdict = "LOST" if ratio > MOST else "kept"
            print(f"{verdict:8} {work}: {mine} to {peer} {ratio:.3f}, at most {MOST:.2f}")
    if lost or missing:
        sys.exit(f"cofs: {lost} hot paths lost, {missing} without figures")


main()
