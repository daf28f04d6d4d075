// SPDX-License-Identifier: GPL-2.0

//! The page cache as the core sees it: a source of pages.

use crate::{
    error,
    mount::Mount,
    special::Special,
    sys::backing::Backing,
    vfs::{
        address_space::AddressSpace,
        folio::MappedPage, //
    }, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

const _: () = assert!(PAGE_SIZE as u64 == cofs_core::pages::PAGE_SIZE);

/// The pages of an image that hold its metadata.
pub(crate) struct Metadata<'a> {
    backing: Backing,
    offset: u64,
    special: Option<&'a Special>,
}

impl<'a> Metadata<'a> {
    /// Pages of what the image lies on, of which byte `offset` is the image's first.
    pub(crate) fn new(backing: Backing, offset: u64) -> Self {
        Self {
            backing,
            offset,
            special: None,
        }
    }

    /// The same, and those that special inodes hold.
    pub(crate) fn with(self, special: &'a Special) -> Self {
        Self {
            special: Some(special),
            ..self
        }
    }
}

impl cofs_core::Pages for Metadata<'_> {
    type Page = MappedPage;

    fn page(&self, index: u64) -> cofs_core::Result<MappedPage> {
        if let Some(page) = self.special.and_then(|special| special.page(index)) {
            return page;
        }
        self.backing.read_page(index).map_err(error::to_core)
    }

    fn origin(&self) -> u64 {
        self.offset
    }

    fn end(&self) -> u64 {
        self.backing.size().saturating_sub(self.offset)
    }
}

/// No page at all, for those who will not wait for one: EAGAIN.
pub(crate) struct Unread;

impl cofs_core::Pages for Unread {
    type Page = MappedPage;

    fn page(&self, _index: u64) -> cofs_core::Result<MappedPage> {
        Err(error::to_core(EAGAIN))
    }
}

/// The pages of a directory.
pub(crate) struct Directory<'a> {
    mount: &'a Mount,
    mapping: &'a AddressSpace,
}

impl<'a> Directory<'a> {
    /// Pages of `mapping`, which is of `mount`.
    pub(crate) fn new(mount: &'a Mount, mapping: &'a AddressSpace) -> Self {
        Self { mount, mapping }
    }
}

impl cofs_core::Pages for Directory<'_> {
    type Page = MappedPage;

    fn page(&self, index: u64) -> cofs_core::Result<MappedPage> {
        let start = index.saturating_mul(PAGE_SIZE as u64);
        let page = start..start.saturating_add(PAGE_SIZE as u64);
        // What is on its way is decoded here: mm would wait until a worker comes. If a signal
        // kills this thread, it does.
        let _ = self.mount.windows.finish(self.mapping.key(), page);
        self.mapping.read_page(index, None).map_err(error::to_core)
    }
}
