// SPDX-License-Identifier: GPL-2.0
//! Digests of files of an image, within a budget: an image of a few bytes can have files without end.

use cofs_core::{Error, Inode};
use cofs_reader::Image;
use sha2::{Digest, Sha256};

use crate::cli::Limit;

/// How many bytes may still be read of an image.
pub(crate) struct Budget(u64);

/// Why there is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The file cannot be read.
    Fault(Error),
    /// It is larger than what may still be read.
    Limit,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Fault(error)
    }
}

impl Budget {
    pub(crate) fn new(limit: Limit, image: &Image) -> Self {
        let usual = || image.stored().saturating_mul(64).saturating_add(1 << 30);
        Self(limit.bytes.unwrap_or_else(usual))
    }
}

/// The digest of a file's bytes. `read` is told how many more were read.
pub(crate) fn sha256(
    image: &Image,
    inode: &Inode,
    budget: &mut Budget,
    mut read: impl FnMut(u64),
) -> Result<Sha256, Stop> {
    budget.0 = budget.0.checked_sub(inode.size()).ok_or(Stop::Limit)?;
    let mut hasher = Sha256::new();
    image.each_piece(inode, |piece| {
        hasher.update(piece);
        read(piece.len() as u64);
        Ok::<_, Stop>(())
    })?;
    Ok(hasher)
}
