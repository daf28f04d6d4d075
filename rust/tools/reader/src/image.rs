// SPDX-License-Identifier: GPL-2.0

//! A whole image in memory, with its metadata decoded.

use crate::{
    Cache,
    Sources, //
};
use cofs_core::{
    data,
    pages::{
        self,
        METABOX_PAGE,
        PAGE_SIZE, //
    },
    Error,
    Inode,
    Layout,
    Pages,
    Result,
    SuperBlock, //
};

/// No image has as much metadata: one that claims more is refused.
const MOST_METADATA: u64 = 1 << 30;

/// An image on one device.
pub struct Image {
    /// Filled up to a whole page.
    device: Vec<u8>,
    metabox: Vec<u8>,
    sb: SuperBlock,
    packed: Option<Inode>,
    cache: Cache,
}

impl Pages for Image {
    type Page = Box<[u8]>;

    fn page(&self, index: u64) -> Result<Self::Page> {
        let source = if index & METABOX_PAGE == 0 {
            &self.device
        } else {
            &self.metabox
        };
        let page = pages::Memory(source).page(index & !METABOX_PAGE)?;
        Ok(page.into())
    }
}

impl Image {
    /// Reads what a mount reads of an image: its superblock, and metadata that is compressed.
    pub fn new(mut device: Vec<u8>, crc32c: impl Fn(u32, &[u8]) -> u32) -> Result<Image> {
        device.resize(device.len().next_multiple_of(PAGE_SIZE as usize), 0);
        let sb = SuperBlock::read_any(&pages::Memory(&device), crc32c)?;
        let mut image = Image {
            device,
            metabox: Vec::new(),
            sb,
            packed: None,
            cache: Cache::default(),
        };
        if let Some(nid) = image.sb.fragments_nid() {
            image.packed = Some(image.inode(nid)?);
        }
        if let Some(nid) = image.sb.metabox_nid() {
            let inode = image.inode(nid)?;
            if inode.size() > MOST_METADATA {
                return Err(Error::Unsupported("the metabox is too large"));
            }
            let mut metabox = image.bytes(&inode)?;
            metabox.resize(metabox.len().next_multiple_of(PAGE_SIZE as usize), 0);
            image.metabox = metabox;
        }
        Ok(image)
    }

    /// The superblock.
    pub fn superblock(&self) -> &SuperBlock {
        &self.sb
    }

    /// The inode with number `nid`.
    pub fn inode(&self, nid: u64) -> Result<Inode> {
        Inode::read(self, &self.sb, nid)
    }

    /// All bytes of a file.
    pub fn bytes(&self, inode: &Inode) -> Result<Vec<u8>> {
        let mut bytes = vec![0; inode.size() as usize];
        self.read(inode, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// Fills `out` with the bytes of a file at `offset`; past its size they are zero.
    pub fn read(&self, inode: &Inode, offset: u64, out: &mut [u8]) -> Result<()> {
        if !matches!(inode.layout(), Layout::Compressed { .. }) {
            return data::read(self, &self.sb, inode, offset, out);
        }
        let packed = |pos, out: &mut [u8]| match &self.packed {
            Some(packed) => self.read(packed, pos, out),
            None => Err(Error::Range),
        };
        Sources {
            meta: self,
            sb: &self.sb,
            device: &|pos, out| pages::fill(self, pos, out),
            packed: &packed,
            cache: &self.cache,
        }
        .read(inode, offset, out)
    }
}
