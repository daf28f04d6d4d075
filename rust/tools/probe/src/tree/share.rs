// SPDX-License-Identifier: GPL-2.0
//! The halves of the pairs that share.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{own, put, set};
use crate::error::Result;
use crate::pattern::{content, Random};
use crate::program;

/// The attribute that names a file's content to a sharing mount.
const FINGERPRINT: &str = "trusted.erofs.fingerprint";

/// Half of a pair: `big` and `small/` are equal in both, the rest is not.
pub(super) fn share(dir: &Path, half: u64) -> Result<()> {
    put(dir.join("big"), &content(1000, 16 << 20))?;
    put(dir.join("tailed"), &content(1001, (1 << 20) + 1234))?;
    smalls(&dir.join("small"))?;
    own(&put(dir.join("program"), &program::image())?, 0, 0, 0o755)?;
    let other = dir.join(format!("elsewhere-{half}"));
    put(other.join("moved"), &content(1002, 2 << 20))?;
    own(&other.join("moved"), half as u32, 0, 0o640 + half as u32)?;
    put(dir.join("differs"), &content(2000 + half, 2 << 20))?;
    put(other.join("own"), &content(3000 + half, 3 << 20))?;
    put(dir.join("empty"), b"").map(drop)
}

fn smalls(dir: &Path) -> Result<()> {
    let mut random = Random::new(17);
    for i in 0..150 {
        let size = 1 + random.below(20_000) as usize;
        put(dir.join(format!("{i:03}")), &content(4000 + i, size))?;
    }
    Ok(())
}

/// Half of a pair whose fingerprints are attributes of the source tree.
pub(super) fn stamped(dir: &Path, half: u64) -> Result<()> {
    let value = |bytes: &[u8]| [b"sha256:".as_slice(), &Sha256::digest(bytes)].concat();
    let big = content(5000, 4 << 20);
    set(&put(dir.join("big"), &big)?, FINGERPRINT, &value(&big))?;
    let moved = content(1002, 2 << 20);
    set(
        &put(dir.join("moved"), &moved)?,
        FINGERPRINT,
        &value(&moved),
    )?;
    // One fingerprint, two sizes.
    let liar = content(5001, 100_000 + 5000 * half as usize);
    set(&put(dir.join("liar"), &liar)?, FINGERPRINT, &value(b"lie"))?;
    // Named by another attribute.
    let named = content(5002, 1 << 20);
    set(
        &put(dir.join("named"), &named)?,
        "user.print",
        &value(&named),
    )?;
    put(dir.join("unstamped"), &content(5003, 1 << 20)).map(drop)
}
