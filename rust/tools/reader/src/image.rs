// SPDX-License-Identifier: GPL-2.0

//! An image, with its metadata decoded.

use crate::{
    Cache,
    Sources,
    Store, //
};
use cofs_core::{
    data,
    devices::{
        resolve,
        Mode,
        Table, //
    },
    pages::{
        METABOX_PAGE,
        PACKED_PAGE,
        PAGE_SIZE, //
    },
    xattr::LongPrefixes,
    Device,
    Error,
    Inode,
    Layout,
    Pages,
    Result,
    SuperBlock, //
};
use std::{
    cell::RefCell,
    collections::HashMap,
    rc::Rc, //
};

/// No image has as much metadata that is compressed: one that claims more is refused.
const MOST_METADATA: u64 = 1 << 28;

/// As many pages of metadata are kept at hand.
const KEPT_PAGES: usize = 1024;

/// Files are passed on in pieces of at most as many bytes.
pub(crate) const PIECE: u64 = 1 << 20;

/// An image on its devices.
pub struct Image {
    /// The device that is mounted, then the extra ones that were given.
    stores: Vec<Store>,
    /// Where the image starts on the first.
    offset: u64,
    metabox: Vec<u8>,
    sb: SuperBlock,
    slots: Vec<Device>,
    mode: Mode,
    packed: Option<Inode>,
    cache: Cache,
    pages: RefCell<HashMap<u64, Rc<[u8]>>>,
}

/// The kernel's crc32c: continues from `seed` and does not invert the result.
pub fn crc32c(seed: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(seed, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg())
        })
    })
}

/// What a mount reads first.
struct Raw<'a> {
    store: &'a Store,
    offset: u64,
}

impl Pages for Raw<'_> {
    type Page = Box<[u8]>;

    fn page(&self, index: u64) -> Result<Self::Page> {
        let start = index.checked_mul(PAGE_SIZE).ok_or(Error::IO)?;
        let mut page = vec![0; PAGE_SIZE as usize];
        self.store.read(start, &mut page)?;
        Ok(page.into())
    }

    fn origin(&self) -> u64 {
        self.offset
    }

    fn end(&self) -> u64 {
        self.store.len().saturating_sub(self.offset)
    }
}

impl Pages for Image {
    type Page = Rc<[u8]>;

    fn page(&self, index: u64) -> Result<Self::Page> {
        if let Some(page) = self.pages.borrow().get(&index) {
            return Ok(page.clone());
        }
        let mut page = vec![0; PAGE_SIZE as usize];
        let start = |index: u64| index.checked_mul(PAGE_SIZE).ok_or(Error::IO);
        if index & METABOX_PAGE != 0 {
            let start = start(index & !METABOX_PAGE)? as usize;
            let there = self.metabox.get(start..).ok_or(Error::IO)?;
            page.copy_from_slice(there.get(..PAGE_SIZE as usize).ok_or(Error::IO)?);
        } else if index & PACKED_PAGE != 0 {
            let start = start(index & !PACKED_PAGE)?;
            match &self.packed {
                Some(packed) if start < packed.size() => self.read(packed, start, &mut page)?,
                _ => return Err(Error::IO),
            }
        } else {
            self.stores[0].read(start(index)?, &mut page)?;
        }
        let page: Rc<[u8]> = page.into();
        let mut pages = self.pages.borrow_mut();
        if pages.len() == KEPT_PAGES {
            pages.clear();
        }
        pages.insert(index, page.clone());
        Ok(page)
    }

    fn origin(&self) -> u64 {
        self.offset
    }

    fn end(&self) -> u64 {
        self.stores[0].len().saturating_sub(self.offset)
    }
}

impl Image {
    /// An image in memory, on one device.
    pub fn new(device: Vec<u8>, crc32c: impl Fn(u32, &[u8]) -> u32) -> Result<Image> {
        Image::open(vec![Store::memory(device)], 0, crc32c)
    }

    /// Reads what a mount reads of an image: its superblock, and metadata that is compressed.
    ///
    /// The first of `stores`, of which there must be one, is what is mounted, with the image behind
    /// `offset`; then come the extra devices, all or none.
    pub fn open(
        stores: Vec<Store>,
        offset: u64,
        crc32c: impl Fn(u32, &[u8]) -> u32,
    ) -> Result<Image> {
        let store = stores.first().ok_or(Error::NoDevice)?;
        let raw = Raw { store, offset };
        let sb = SuperBlock::read_any(&raw, crc32c)?;
        let slots = (0..sb.extra_devices())
            .map(|index| Device::read(&raw, &sb, index))
            .collect::<Result<_>>()?;
        let mut image = Image {
            mode: Mode::new(&sb, stores.len() - 1)?,
            stores,
            offset,
            metabox: Vec::new(),
            sb,
            slots,
            packed: None,
            cache: Cache::default(),
            pages: RefCell::default(),
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

    /// The extra devices that the image speaks of.
    pub fn devices(&self) -> &[Device] {
        &self.slots
    }

    /// How many bytes all devices have that were given.
    pub fn stored(&self) -> u64 {
        self.stores
            .iter()
            .fold(0, |sum, store| sum.saturating_add(store.len()))
    }

    /// The table of long prefixes of attributes.
    pub fn prefixes(&self) -> Result<LongPrefixes> {
        LongPrefixes::load_decoded(self, &self.sb)
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

    /// A file as a source of pages.
    pub fn content<'a>(&'a self, inode: &'a Inode) -> Content<'a> {
        Content { image: self, inode }
    }

    /// Fills `out` with the bytes of a file at `offset`; past its size they are zero.
    pub fn read(&self, inode: &Inode, offset: u64, out: &mut [u8]) -> Result<()> {
        if matches!(inode.layout(), Layout::Compressed { .. }) {
            return self.decoded(|sources| sources.read(inode, offset, out));
        }
        let table = Table::new(&self.sb, &self.slots, self.mode, self.offset)?;
        data::read_devices(self, &table, inode, offset, out, |device, pos, piece| {
            self.store(device)?.read(pos, piece)
        })
    }

    /// Passes the bytes of a file on, from its start to its end, each piece at most a MiB long.
    pub fn each_piece<E: From<Error>>(
        &self,
        inode: &Inode,
        mut emit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if matches!(inode.layout(), Layout::Compressed { .. }) {
            return self.decoded(|sources| sources.each_piece(inode, emit));
        }
        let (mut offset, mut piece) = (0, Vec::new());
        while offset < inode.size() {
            let len = (inode.size() - offset).min(PIECE);
            piece.resize(len as usize, 0);
            self.read(inode, offset, &mut piece)?;
            emit(&piece)?;
            offset += len;
        }
        Ok(())
    }

    fn store(&self, device: u16) -> Result<&Store> {
        self.stores.get(usize::from(device)).ok_or(Error::NoDevice)
    }

    /// Where the bytes of compressed files come from.
    fn decoded<T>(&self, read: impl FnOnce(&Sources<'_, Image>) -> T) -> T {
        let packed = |pos, out: &mut [u8]| match &self.packed {
            Some(packed) => self.read(packed, pos, out),
            None => Err(Error::Range),
        };
        read(&Sources {
            meta: self,
            sb: &self.sb,
            device: &|pos, out| self.read_common(pos, out),
            packed: &packed,
            cache: &self.cache,
        })
    }

    /// Bytes of the image's common address space.
    fn read_common(&self, mut pos: u64, mut out: &mut [u8]) -> Result<()> {
        let table = Table::new(&self.sb, &self.slots, self.mode, self.offset)?;
        while !out.is_empty() {
            let found = resolve(&table, 0, pos, out.len() as u64)?;
            let (piece, rest) = out.split_at_mut(found.len as usize);
            self.store(found.device)?.read(found.pos, piece)?;
            pos += found.len;
            out = rest;
        }
        Ok(())
    }
}

/// A file of an image, as the page cache would have it.
pub struct Content<'a> {
    image: &'a Image,
    inode: &'a Inode,
}

impl Pages for Content<'_> {
    type Page = Vec<u8>;

    fn page(&self, index: u64) -> Result<Vec<u8>> {
        let start = index.checked_mul(PAGE_SIZE).ok_or(Error::IO)?;
        let mut page = vec![0; PAGE_SIZE as usize];
        self.image.read(self.inode, start, &mut page)?;
        Ok(page)
    }
}
