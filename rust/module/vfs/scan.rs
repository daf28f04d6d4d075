// SPDX-License-Identifier: GPL-2.0

//! All of a mapping's pages, from the first to the last, for whoever wants to see the bytes.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use super::{
    address_space::AddressSpace,
    folio, //
};
use crate::bindings;
use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

/// As far is read ahead, in pages.
const WINDOW: u32 = 256;

/// A scan.
pub(crate) struct Scan<'a> {
    mapping: &'a AddressSpace,
    ahead: bindings::file_ra_state,
    /// Whether what was not there before is dropped when it has been seen.
    drops: bool,
}

impl<'a> Scan<'a> {
    /// Of `mapping`. With `drops`, folios that were not there and that nobody else wanted meanwhile go
    /// with their [`Seen`].
    pub(crate) fn new(mapping: &'a AddressSpace, drops: bool) -> Self {
        // SAFETY: plain numbers, of which all-zero is valid.
        let mut ahead = unsafe { MaybeUninit::<bindings::file_ra_state>::zeroed().assume_init() };
        ahead.ra_pages = WINDOW;
        Self {
            mapping,
            ahead,
            drops,
        }
    }

    /// Starts to read page `index` and those behind it, before `end`.
    pub(crate) fn read_ahead(&mut self, index: u64, end: u64) {
        let mapping = self.mapping.as_ptr();
        // SAFETY: the mapping is live, and the state ours.
        unsafe {
            bindings::cofs_scan_ahead(
                mapping,
                &raw mut self.ahead,
                index as usize,
                end as usize,
                self.drops,
            );
        }
    }

    /// The folio with page `index`. May sleep; EINTR if a signal kills this thread.
    pub(crate) fn folio(&self, index: u64) -> Result<Seen<'a>> {
        let mapping = self.mapping;
        // SAFETY: the mapping is live.
        let folio = unsafe { bindings::cofs_scan_folio(mapping.as_ptr(), index as usize) };
        let folio = from_err_ptr(folio)?;
        // INVARIANT: the helper took the reference.
        Ok(Seen {
            // SAFETY: neither null nor an error.
            folio: unsafe { NonNull::new_unchecked(folio) },
            mapping,
            drops: self.drops,
        })
    }
}

/// A folio that is uptodate.
///
/// # Invariants
///
/// It is referenced, and has been in `mapping`.
pub(crate) struct Seen<'a> {
    folio: NonNull<bindings::folio>,
    mapping: &'a AddressSpace,
    drops: bool,
}

impl Seen<'_> {
    /// Each page, with the number that it has in the file.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (u64, &[u8])> {
        // SAFETY: referenced by the type invariant, so that it is not split either; nobody writes to
        // uptodate pages of a read-only file system.
        unsafe { folio::pages(self.folio) }
    }

    /// Runs `store` if the folio is in its mapping, and meanwhile stays there. `store` must not
    /// sleep, nor take long.
    pub(crate) fn while_in_place(&self, store: impl FnOnce()) -> bool {
        // SAFETY: the folio is referenced.
        let locked = unsafe {
            bindings::cofs_folio_lock_in_place(self.folio.as_ptr(), self.mapping.as_ptr())
        };
        if locked {
            store();
            // SAFETY: just locked.
            unsafe { bindings::cofs_folio_unlock_in_place(self.folio.as_ptr()) };
        }
        locked
    }
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        // SAFETY: the reference is ours.
        unsafe {
            if self.drops {
                bindings::folio_end_dropbehind(self.folio.as_ptr());
            }
            bindings::cofs_folio_put(self.folio.as_ptr());
        }
    }
}
