// SPDX-License-Identifier: GPL-2.0
//! Trees to measure with. Both halves of a pair hold the same contents, at other places.

use std::path::Path;

use super::put;
use crate::error::Result;
use crate::pattern::{content, Random};

/// Directories and files in each: 20,000 names to list.
const DIRECTORIES: u64 = 20;
const FILES: u64 = 1000;

/// Small files, all different. The second half has its directories in the opposite order.
pub(super) fn many(dir: &Path, half: u64) -> Result<()> {
    own(dir, half)?;
    let mut random = Random::new(19);
    for i in 0..DIRECTORIES {
        let place = if half == 1 { i } else { DIRECTORIES - 1 - i };
        let at = dir.join(format!("directory-{place:02}"));
        for j in 0..FILES {
            let size = 1 + random.below(3000) as usize;
            put(
                at.join(format!("file-{j:03}")),
                &content((1 << 20) + i * FILES + j, size),
            )?;
        }
    }
    Ok(())
}

/// Large files; the maker of the image adds real libraries.
pub(super) fn big(dir: &Path, half: u64) -> Result<()> {
    own(dir, half)?;
    put(dir.join("16M"), &content(7000, 16 << 20))?;
    put(dir.join("1M"), &content(7001, 1 << 20)).map(drop)
}

/// What the other half does not have, so that nothing else lies where it does there.
fn own(dir: &Path, half: u64) -> Result<()> {
    let bytes = content(7100 + half, 77_777 * half as usize);
    put(dir.join("0-own"), &bytes).map(drop)
}
