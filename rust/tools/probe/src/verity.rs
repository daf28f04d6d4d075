// SPDX-License-Identifier: GPL-2.0
//! What the kernel verifies below a file system: dm-verity's tree of hashes, and fs-verity.

use std::os::fd::AsFd;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Context, Result};
use crate::sys;

/// The size of blocks of data and of hashes.
const BLOCK: usize = 4096;

/// Writes the tree of hashes of an image, without salt and without a superblock. The end of dm-verity's
/// table: from the number of blocks on.
pub(crate) fn tree(image: &Path, hashes: &Path) -> Result<String> {
    let data = std::fs::read(image).what(|| format!("read {}", image.display()))?;
    let mut levels = vec![level(&data)];
    while let Some(top) = levels.last().filter(|level| level.len() > BLOCK) {
        levels.push(level(top));
    }
    let top = levels.last().ok_or("no blocks")?;
    let root = format!("{:x}", Sha256::digest(top));
    let file: Vec<u8> = levels.iter().rev().flatten().copied().collect();
    std::fs::write(hashes, file).what(|| format!("write {}", hashes.display()))?;
    Ok(format!("{} 0 sha256 {root} -", data.len() / BLOCK))
}

/// The hashes of all blocks, in whole blocks.
fn level(below: &[u8]) -> Vec<u8> {
    let mut hashes: Vec<u8> = below
        .chunks(BLOCK)
        .flat_map(|block| Sha256::digest(block).to_vec())
        .collect();
    hashes.resize(hashes.len().next_multiple_of(BLOCK), 0);
    hashes
}

/// Gives a file fs-verity.
pub(crate) fn enable(file: &Path) -> Result<()> {
    let open = std::fs::File::open(file).what(|| format!("open {}", file.display()))?;
    sys::enable_verity(open.as_fd()).what(|| format!("enable verity of {}", file.display()))
}
