// SPDX-License-Identifier: GPL-2.0

//! The page cache as the core sees it: a source of pages.

use crate::{
    error,
    sys::backing::Backing,
    vfs::{
        address_space::AddressSpace,
        folio::MappedPage, //
    }, //
};
use kernel::page::PAGE_SIZE;

const _: () = assert!(PAGE_SIZE as u64 == cofs_core::pages::PAGE_SIZE);

/// The pages of an image that hold its metadata.
pub(crate) struct Metadata(Backing);

impl Metadata {
    /// Pages of what the image lies on.
    pub(crate) fn new(backing: Backing) -> Self {
        Self(backing)
    }
}

impl cofs_core::Pages for Metadata {
    type Page = MappedPage;

    fn page(&self, index: u64) -> cofs_core::Result<MappedPage> {
        self.0.read_page(index).map_err(error::to_core)
    }

    fn end(&self) -> u64 {
        self.0.size()
    }
}

/// The pages of a directory.
pub(crate) struct Directory<'a>(&'a AddressSpace);

impl<'a> Directory<'a> {
    /// Pages of `mapping`.
    pub(crate) fn new(mapping: &'a AddressSpace) -> Self {
        Self(mapping)
    }
}

impl cofs_core::Pages for Directory<'_> {
    type Page = MappedPage;

    fn page(&self, index: u64) -> cofs_core::Result<MappedPage> {
        self.0.read_page(index, None).map_err(error::to_core)
    }
}
