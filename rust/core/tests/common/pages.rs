// SPDX-License-Identifier: GPL-2.0

//! Sources of pages: bytes in memory, and the data of a file of an image.

use cofs_core::{
    data,
    pages::Shifted,
    Device,
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

    fn end(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// A source of which it is known how many pages it lent.
pub(crate) trait Counted: Pages {
    fn lent(&self) -> u64;
}

impl Counted for FilePages {
    fn lent(&self) -> u64 {
        self.lent.get()
    }
}

/// Bytes in memory, behind an offset.
pub(crate) struct Behind<'a> {
    pages: &'a FilePages,
    shifted: Shifted<&'a FilePages>,
}

impl<'a> Behind<'a> {
    pub(crate) fn new(pages: &'a FilePages, offset: u64) -> Self {
        Self {
            pages,
            shifted: Shifted::new(pages, offset),
        }
    }
}

impl Pages for Behind<'_> {
    type Page = Box<[u8]>;

    fn page(&self, index: u64) -> Result<Self::Page> {
        self.shifted.page(index)
    }

    fn origin(&self) -> u64 {
        self.shifted.origin()
    }

    fn end(&self) -> u64 {
        self.shifted.end()
    }
}

impl Counted for Behind<'_> {
    fn lent(&self) -> u64 {
        self.pages.lent()
    }
}

/// All slots of the table of extra devices.
pub(crate) fn device_table<P: Pages>(meta: &P, sb: &SuperBlock) -> Result<Vec<Device>> {
    (0..sb.extra_devices())
        .map(|index| Device::read(meta, sb, index))
        .collect()
}

/// The data of a file, as a directory's page cache would hold it.
pub(crate) struct DataPages<'a, P> {
    pub(crate) meta: &'a P,
    pub(crate) sb: &'a SuperBlock,
    pub(crate) inode: &'a Inode,
}

impl<P: Pages> Pages for DataPages<'_, P> {
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
