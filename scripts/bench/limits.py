# SPDX-License-Identifier: GPL-2.0
"""What cofs is compared with, and what its ratios are to be."""

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
