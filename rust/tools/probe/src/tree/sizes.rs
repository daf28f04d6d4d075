// SPDX-License-Identifier: GPL-2.0
//! Sizes around every edge, and holes at every place.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{put, set};
use crate::error::{Context, Result};
use crate::pattern::content;

/// The block sizes.
const BLOCKS: [u64; 4] = [512, 1024, 2048, 4096];
/// A folio as large as readahead makes them.
const LARGE: u64 = 2 << 20;

/// The sizes around the first multiples of each block size, and around the powers of two up to
/// `largest`.
fn around(largest: u64) -> BTreeSet<u64> {
    let blocks = BLOCKS.iter().flat_map(|b| [*b, 2 * b, 3 * b]);
    let powers = (13..).map(|n| 1 << n).take_while(|n| *n <= largest);
    let edges = blocks.chain(powers);
    [0, 1, 31, 32, 33]
        .into_iter()
        .chain(edges.flat_map(|edge| [edge - 1, edge, edge + 1]))
        .collect()
}

/// Files, tails and links whose ends meet the end of a block, a page or a folio.
pub(super) fn edges(dir: &Path) -> Result<()> {
    for size in around(64 << 10) {
        put(
            dir.join(format!("sizes/{size}")),
            &content(size, size as usize),
        )?;
    }
    // Where the inode, its attributes and its tail no longer fit one block.
    for i in 0..40usize {
        let tail = put(
            dir.join(format!("tails/{i}")),
            &content(i as u64, 4096 * (i % 2) + 3500 + 15 * i),
        )?;
        set(&tail, "user.filler", &content(i as u64, 7 * i))?;
    }
    let links = dir.join("links");
    fs::create_dir_all(&links).what(|| "mkdir".into())?;
    for size in around(4096).into_iter().chain([4032, 4064, 4090]) {
        if (1..4096).contains(&size) {
            let target = "t/".repeat(2048)[..size as usize].to_string();
            symlink(target, links.join(format!("{size}"))).what(|| format!("symlink {size}"))?;
        }
    }
    Ok(())
}

/// The sizes around a large folio, and a file of several.
pub(super) fn large(dir: &Path) -> Result<()> {
    for size in [LARGE - 4096, LARGE - 1, LARGE, LARGE + 1, LARGE + 4097] {
        put(dir.join(format!("{size}")), &content(size, size as usize))?;
    }
    put(dir.join("several"), &content(3, 3 * LARGE as usize + 999)).map(drop)
}

/// Files with holes at every place, and one whose size needs more than 32 bits.
pub(super) fn sparse(dir: &Path) -> Result<()> {
    for (name, size, data) in [
        ("all-hole", 1u64 << 20, &[][..]),
        ("short-hole", 777, &[][..]),
        ("head", 1 << 20, &[0][..]),
        ("tail", (1 << 20) + 77, &[1 << 20][..]),
        ("middle", 1 << 20, &[300_000][..]),
        (
            "many",
            3 << 20,
            &[0, 65_536, 262_144, 1 << 20, (2 << 20) + 4096][..],
        ),
        ("large", (5 << 30) + 123, &[4096, 1 << 30, 5 << 30][..]),
    ] {
        let path = dir.join(name);
        let mut file = File::create(&path).what(|| format!("create {name}"))?;
        for at in data {
            file.seek(SeekFrom::Start(*at)).what(|| "seek".into())?;
            let len = (size - at).min(9000) as usize;
            file.write_all(&content(*at, len))
                .what(|| format!("write {name}"))?;
        }
        file.set_len(size).what(|| format!("truncate {name}"))?;
    }
    // Every pattern of data and holes over four blocks, each block its own content or not.
    for pattern in 0..16u64 {
        let mut bytes = vec![0; 4 * 4096];
        for (block, piece) in bytes.chunks_exact_mut(4096).enumerate() {
            if pattern & (1 << block) != 0 {
                piece.copy_from_slice(&content((pattern << 4) | block as u64, 4096));
            }
        }
        bytes.truncate(4 * 4096 - 100 * pattern as usize);
        put(dir.join(format!("blocks/{pattern:04b}")), &bytes)?;
    }
    put(dir.join("dense"), &content(5, 400_000)).map(drop)
}
