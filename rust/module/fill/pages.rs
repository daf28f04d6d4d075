// SPDX-License-Identifier: GPL-2.0

//! The page cache as the core sees it: a source of pages.

use crate::{
    error,
    vfs::{
        address_space::AddressSpace,
        folio::MappedPage, //
    }, //
};
use kernel::page::PAGE_SIZE;

const _: () = assert!(PAGE_SIZE as u64 == cofs_core::pages::PAGE_SIZE);

/// The pages of a device that hold metadata, or those of a directory.
pub(crate) struct Metadata<'a>(&'a AddressSpace);

impl<'a> Metadata<'a> {
    /// Pages of `mapping`.
    pub(crate) fn new(mapping: &'a AddressSpace) -> Self {
        Self(mapping)
    }
}

impl cofs_core::Pages for Metadata<'_> {
    type Page = MappedPage;

    fn page(&self, index: u64) -> cofs_core::Result<MappedPage> {
        self.0.read_page(index).map_err(error::to_core)
    }
}
