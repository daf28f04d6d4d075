// SPDX-License-Identifier: GPL-2.0

//! Sources of pages: bytes in memory, and the data of a file of an image.

use cofs_core::{
    data,
    Error,
    Inode,
    Pages,
    Result,
    SuperBlock, //
};
use std::{
    cell::Cell,
    rc::Rc, //
};

const PAGE: usize = 4096;

/// Bytes in memory; what they lack of their last page is zero, and there is nothing behind it.
/// The pages lent are counted.
pub(crate) struct FilePages {
    pub(crate) bytes: Rc<Vec<u8>>,
    pub(crate) lent: Cell<u64>,
}

impl FilePages {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Rc::new(bytes),
            lent: Cell::new(0),
        }
    }
}

impl Pages for FilePages {
    type Page = Box<[u8]>;

    fn page(&self, index: u64) -> Result<Self::Page> {
        self.lent.set(self.lent.get() + 1);
        let start = usize::try_from(index)
            .ok()
            .and_then(|index| index.checked_mul(PAGE))
            .filter(|&start| start < self.bytes.len())
            .ok_or(Error::IO)?;
        let end = self.bytes.len().min(start + PAGE);
        let mut page = vec![0; PAGE];
        page[..end - start].copy_from_slice(&self.bytes[start..end]);
        Ok(page.into())
    }
}

/// The data of a file, as a directory's page cache would hold it.
pub(crate) struct DataPages<'a> {
    pub(crate) meta: &'a FilePages,
    pub(crate) sb: &'a SuperBlock,
    pub(crate) inode: &'a Inode,
}

impl Pages for DataPages<'_> {
    type Page = Box<[u8]>;

    fn page(&self, index: u64) -> Result<Self::Page> {
        let mut page = vec![0; PAGE];
        let offset = index.checked_mul(PAGE as u64).ok_or(Error::IO)?;
        data::read(self.meta, self.sb, self.inode, offset, &mut page)?;
        Ok(page.into())
    }
}

/// The kernel's crc32c: continues from `seed` and does not invert the result.
pub(crate) fn crc32c(seed: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(seed, |mut crc, &byte| {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
        }
        crc
    })
}
