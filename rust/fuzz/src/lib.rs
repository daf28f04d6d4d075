// SPDX-License-Identifier: GPL-2.0

//! What the fuzz targets share: an image in memory that counts the pages it lends, and the inodes
//! that such an image has.

#![forbid(unsafe_code)]

use cofs_core::{
    devices::{
        Mode,
        Table, //
    },
    pages::PAGE_SIZE,
    xattr::LongPrefixes,
    Device,
    Error,
    Inode,
    Pages,
    Result,
    SuperBlock, //
};
use std::cell::Cell;

/// As many inodes of an image are looked at: a limit on the time of a run, not on the core.
const MOST_INODES: u64 = 512;

/// An image's bytes, filled up with zeros to a whole page.
pub struct Bytes {
    padded: Vec<u8>,
}

impl Bytes {
    /// Takes what the fuzzer made.
    pub fn new(input: &[u8]) -> Self {
        let mut padded = input.to_vec();
        padded.resize(input.len().next_multiple_of(PAGE_SIZE as usize), 0);
        Self { padded }
    }

    /// The pages, none of them lent yet.
    pub fn image(&self) -> Image<'_> {
        Image {
            bytes: self,
            lent: Cell::new(0),
        }
    }
}

/// The pages of an image.
pub struct Image<'a> {
    bytes: &'a Bytes,
    lent: Cell<u64>,
}

impl<'a> Pages for Image<'a> {
    type Page = &'a [u8];

    fn page(&self, index: u64) -> Result<&'a [u8]> {
        self.lent.set(self.lent.get() + 1);
        let start = index.checked_mul(PAGE_SIZE).ok_or(Error::IO)? as usize;
        let padded: &'a [u8] = &self.bytes.padded;
        padded
            .get(start..)
            .and_then(|rest| rest.get(..PAGE_SIZE as usize))
            .ok_or(Error::IO)
    }

    fn end(&self) -> u64 {
        self.size()
    }
}

impl Image<'_> {
    /// The image's size in bytes.
    pub fn size(&self) -> u64 {
        self.bytes.padded.len() as u64
    }

    /// Runs a step, which may be lent `limit` pages.
    #[track_caller]
    pub fn within<T>(&self, limit: u64, step: impl FnOnce(&Self) -> T) -> T {
        let before = self.lent.get();
        let result = step(self);
        let lent = self.lent.get() - before;
        assert!(lent <= limit, "{lent} pages lent, {limit} allowed");
        result
    }

    /// The checksum that the image has: whatever was changed, it is no obstacle.
    fn stored_checksum(&self) -> u32 {
        let bytes = self.bytes.padded.get(1028..1032).unwrap_or(&[0; 4]);
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }
}

/// Where an image starts on the device of a mount that is given an offset.
pub const FSOFFSET: u64 = 512;

/// A superblock, the table of devices and that of long prefixes, as a mount reads them.
pub struct Mounted {
    pub sb: SuperBlock,
    pub devices: Vec<Device>,
    pub prefixes: LongPrefixes,
}

impl Mounted {
    /// Mounts the image.
    pub fn new(image: &Image<'_>) -> Result<Self> {
        let checksum = image.stored_checksum();
        // Each of four records of algorithms may cross pages.
        let sb = image.within(3 + 4 * 5, |image| {
            SuperBlock::read_with_devices(image, |_, _| checksum)
        })?;
        let slots = 0..sb.extra_devices();
        let devices: Result<_> = slots
            .map(|index| image.within(2, |image| Device::read(image, &sb, index)))
            .collect();
        let devices = devices?;
        // A record is read in two pieces, each of which may lie in two extents of a packed inode.
        let limit = 8 * u64::from(sb.xattr_prefix_count()) + 4;
        let prefixes = image.within(limit, |image| LongPrefixes::load(image, &sb))?;
        Ok(Self {
            sb,
            devices,
            prefixes,
        })
    }

    /// The devices, one after the other on one that is mounted, or each by itself.
    pub fn table(&self, mode: Mode) -> Table<'_> {
        Table::new(&self.sb, &self.devices, mode, FSOFFSET).unwrap()
    }

    /// Reads an inode.
    pub fn inode(&self, image: &Image<'_>, nid: u64) -> Result<Inode> {
        let inode = image.within(4, |image| Inode::read(image, &self.sb, nid))?;
        assert_eq!(inode.nid(), nid);
        assert!(i64::try_from(inode.size()).is_ok());
        Ok(inode)
    }

    /// Whatever reads as an inode, whether a name leads there or not.
    pub fn inodes<'a>(&'a self, image: &'a Image<'_>) -> impl Iterator<Item = Inode> + 'a {
        (0..image.size() / 32)
            .filter_map(|nid| self.inode(image, nid).ok())
            .take(MOST_INODES as usize)
    }
}
