// SPDX-License-Identifier: GPL-2.0

//! What mm asks `->readahead` for.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use super::folio::LockedFolio;
use crate::bindings;
use core::{
    marker::PhantomData,
    ops::Range,
    ptr::NonNull, //
};
use kernel::page::PAGE_SIZE;

const PAGE: u64 = PAGE_SIZE as u64;

/// `struct readahead_control`: locked folios, in order.
///
/// # Invariants
///
/// `rac` is valid, and ours alone for `'a`.
pub(crate) struct Window<'a> {
    rac: NonNull<bindings::readahead_control>,
    _rac: PhantomData<&'a mut ()>,
}

impl Window<'_> {
    /// # Safety
    ///
    /// `rac` must be what mm calls `->readahead` with, and the window must not outlive the call.
    pub(super) unsafe fn from_raw(rac: NonNull<bindings::readahead_control>) -> Self {
        // INVARIANT: by the function's requirement.
        Self {
            rac,
            _rac: PhantomData,
        }
    }

    /// The end of the window as a file offset in bytes.
    pub(crate) fn end(&self) -> u64 {
        // SAFETY: by the type invariant.
        unsafe {
            let rac = self.rac.as_ref();
            (rac._index as u64)
                .wrapping_add(rac._nr_pages.into())
                .saturating_mul(PAGE)
        }
    }

    /// What part of the file it is, in bytes.
    pub(crate) fn range(&self) -> Range<u64> {
        // SAFETY: by the type invariant.
        let index = unsafe { self.rac.as_ref()._index };
        (index as u64).saturating_mul(PAGE)..self.end()
    }

    /// As many folios there are, about: some at each end may be smaller than the others.
    pub(crate) fn folios(&self) -> usize {
        // SAFETY: by the type invariant.
        let pages = unsafe { self.rac.as_ref()._nr_pages as usize };
        let order = self.order();
        (pages >> order) + 2 * order as usize
    }

    /// How large mm has made folios for this reader by now.
    fn order(&self) -> u32 {
        // SAFETY: by the type invariant.
        unsafe { bindings::cofs_readahead_order(self.rac.as_ptr()) }
    }

    /// Makes it larger, to `range` or what is in the way. To be called before the first folio.
    pub(crate) fn expand(&mut self, range: Range<u64>) {
        // Each side by itself: readahead_expand() gives up at the first page that is there.
        self.append(range.end);
        if range.start < self.range().start {
            self.expand_by_pages(range.start..self.end());
        }
    }

    /// Adds folios up to `end`, as large as those that mm has come to for this reader:
    /// readahead_expand() adds pages, and who reads clusters in order would get little else.
    fn append(&mut self, end: u64) {
        let mut most = self.order();
        while self.end() < end {
            let now = self.range();
            let pages = (end - now.end).div_ceil(PAGE);
            let aligned = (now.end / PAGE).trailing_zeros();
            let order = most.min(aligned).min(pages.ilog2());
            if order > 0 {
                // SAFETY: by the type invariant, and the window's end is aligned to the order.
                if !unsafe { bindings::cofs_readahead_append(self.rac.as_ptr(), order) } {
                    most = order - 1;
                }
                continue;
            }
            self.expand_by_pages(now.start..now.end + PAGE);
            if self.end() == now.end {
                return;
            }
        }
    }

    fn expand_by_pages(&mut self, range: Range<u64>) {
        let len = range.end.saturating_sub(range.start) as usize;
        // SAFETY: by the type invariant.
        unsafe { bindings::readahead_expand(self.rac.as_ptr(), range.start as i64, len) };
    }
}

impl Iterator for Window<'_> {
    type Item = LockedFolio;

    fn next(&mut self) -> Option<LockedFolio> {
        // SAFETY: by the type invariant.
        let folio = NonNull::new(unsafe { bindings::cofs_readahead_folio(self.rac.as_ptr()) })?;
        // SAFETY: readahead_folio hands over a locked folio, which its mapping keeps.
        Some(unsafe { LockedFolio::from_raw(folio) })
    }
}
