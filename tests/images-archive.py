#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes tarballs of what the filesystem they are made on may not hold.

    images-archive.py KIND > FILE

attributes: values of up to 64 KiB, hundreds of names. extremes: ids, times, modes and device
numbers at the ends of their ranges. links: more names of one file than 16 bits count.
"""

import sys
import tarfile


def entry(name, kind=tarfile.REGTYPE, **fields):
    """A member of the archive."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    info.mtime = 1_600_000_000
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def attributes():
    """Attributes by number and size."""
    def bytes_of(seed, size):
        # Letters: a record of a PAX header is text.
        return "".join(chr(97 + (seed * 31 + i * i) % 26) for i in range(size))

    for i, size in enumerate([0, 1, 4000, 4096, 8191, 20_000, 65_000, 65_535]):
        headers = {"SCHILY.xattr.user.value": bytes_of(i, size)}
        yield entry(f"value-{size}", pax_headers=headers)
    for i, count in enumerate([100, 400, 1000]):
        headers = {f"SCHILY.xattr.user.n{j}": bytes_of(i, j % 40) for j in range(count)}
        yield entry(f"names-{count}", pax_headers=headers)
    same = {"SCHILY.xattr.trusted.same": bytes_of(9, 5000)}
    for i in range(10):
        yield entry(f"same-{i}", pax_headers=same)


def extremes():
    """Numbers at the ends of their ranges."""
    for number in [0, 1, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 2]:
        yield entry(f"ids-{number}", uid=number, gid=2**32 - 2 - number)
    for time in [0, 1, -1, -(2**31), 2**31, 2**32 - 1, 2**32, 2**33, 2**40, 253_402_300_799]:
        yield entry(f"time-{time}", mtime=time)
    for nanoseconds in ["000000001", "5", "999999999"]:
        headers = {"mtime": f"1600000000.{nanoseconds}"}
        yield entry(f"part-{nanoseconds}", pax_headers=headers)
    for mode in [0, 0o777, 0o4000, 0o2000, 0o1000, 0o7777]:
        yield entry(f"mode-{mode:o}", mode=mode)
        yield entry(f"mode-dir-{mode:o}", tarfile.DIRTYPE, mode=mode)
    for major, minor in [(0, 0), (0, 255), (255, 0), (256, 256), (4095, 1_048_575)]:
        numbers = {"devmajor": major, "devminor": minor}
        yield entry(f"char-{major}-{minor}", tarfile.CHRTYPE, **numbers)
        yield entry(f"block-{major}-{minor}", tarfile.BLKTYPE, **numbers)
    yield entry("fifo", tarfile.FIFOTYPE)


def links():
    """One file and its names."""
    yield entry("file")
    for i in range(66_000):
        # mkfs.erofs searches a directory from its start for each new name.
        yield entry(f"{i // 250}/{i}", tarfile.LNKTYPE, linkname="file")


def main():
    """Writes one archive to standard output."""
    kinds = {"attributes": attributes, "extremes": extremes, "links": links}
    if len(sys.argv) != 2 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    # The simpler format is the faster one.
    form = tarfile.USTAR_FORMAT if sys.argv[1] == "links" else tarfile.PAX_FORMAT
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=form) as archive:
        for info in kinds[sys.argv[1]]():
            archive.addfile(info)


main()
