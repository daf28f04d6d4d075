// SPDX-License-Identifier: GPL-2.0
//! The halves of a pair that compresses: two versions of something, which have most files in common.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::contents::{mixed, words};
use super::{own, put};
use crate::error::{Context, Result};
use crate::pattern::{content, Random};
use crate::program;

/// Half of it: 8 MiB, of which one is its own.
pub(super) fn pair(dir: &Path, half: u64) -> Result<()> {
    put(dir.join("big"), &mixed(6000, (4 << 20) + 321))?;
    put(dir.join("text"), &words(6001, (1 << 20) + 4095))?;
    put(dir.join("noise"), &content(6002, 700_000))?;
    own(&put(dir.join("program"), &program::image())?, 0, 0, 0o755)?;
    let mut random = Random::new(23);
    for i in 0..60 {
        let size = 1 + random.below(30_000) as usize;
        put(dir.join(format!("small/{i:02}")), &mixed(6100 + i, size))?;
    }
    let other = dir.join(format!("elsewhere-{half}"));
    put(other.join("moved"), &mixed(6003, 600_000))?;
    put(other.join("own"), &words(6004 + half, 300_000))?;
    put(dir.join("differs"), &mixed(6010 + half, 700_001))?;
    put(dir.join("empty"), b"")?;
    symlink("small/01", dir.join("link")).what(|| "symlink".into())
}
