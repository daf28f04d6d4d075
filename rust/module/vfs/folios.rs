// SPDX-License-Identifier: GPL-2.0

//! The locked folios of one window, in the order of the file, as memory that bytes are decoded into.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use super::folio::{
    LockedFolio,
    Piece, //
};
use crate::{
    bindings,
    sys::{
        span::{
            Source,
            Target, //
        },
        virtual_range::{
            PageRef,
            VirtualRange, //
        }, //
    }, //
};
use core::{
    ops::Range,
    ptr::NonNull, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// A folio, and where it is.
#[derive(Clone, Copy)]
struct Entry {
    folio: NonNull<bindings::folio>,
    address: NonNull<u8>,
    start: u64,
    end: u64,
}

/// Whether the memory of each starts where that of the one before ends.
fn adjoin(entries: &[Entry]) -> bool {
    entries.windows(2).all(|pair| match pair {
        [one, next] => one.behind() == next.address.as_ptr().cast_const(),
        _ => false,
    })
}

/// Folios that adjoin in their file.
///
/// # Invariants
///
/// - The entries are in ascending order, and each starts where the one before it ends.
/// - A folio is locked, and its memory nobody else's, while there is a [`Share`] of a range of it, or
///   the list has not been released.
/// - `mapping` is of all their pages.
pub(crate) struct Folios {
    entries: KVVec<Entry>,
    /// Where the last share started.
    cursor: usize,
    mapping: Option<VirtualRange<'static>>,
    released: bool,
}

// SAFETY: the folios are locked, by whichever thread; what is written to them is by shares.
unsafe impl Send for Folios {}
// SAFETY: as above: the list itself does not change once it is shared.
unsafe impl Sync for Folios {}

/// A range of the file whose bytes in a window's folios are the holder's: all other shares are of
/// other bytes. To be given back to the same [`Folios`].
#[must_use = "the folios stay locked until it ends"]
pub(crate) struct Share {
    range: Range<u64>,
    /// The entries that it touches.
    entries: Range<u32>,
}

impl Share {
    fn entries(&self) -> Range<usize> {
        self.entries.start as usize..self.entries.end as usize
    }

    /// The range of the file.
    pub(crate) fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// What of `range` is in it.
    fn within(&self, range: Range<u64>) -> Range<u64> {
        let start = range.start.max(self.range.start);
        start..range.end.min(self.range.end).max(start)
    }
}

impl Entry {
    /// The page that is `at` bytes behind the start.
    ///
    /// # Safety
    ///
    /// `at` must be inside the folio, and the type's invariant of [`PageRef`] hold.
    unsafe fn page<'a>(&self, at: u64) -> Option<PageRef<'a>> {
        // SAFETY: the address is in the direct map, and so of a page; the rest by the requirement.
        unsafe {
            let page = self.address.as_ptr().add(at as usize);
            let page = bindings::cofs_virt_to_page(page.cast());
            Some(PageRef::from_raw(NonNull::new(page)?))
        }
    }

    fn behind(&self) -> *const u8 {
        let len = self.end.saturating_sub(self.start) as usize;
        self.address.as_ptr().wrapping_add(len)
    }
}

impl Folios {
    /// Room for `count` folios.
    pub(crate) fn with_capacity(count: usize) -> Result<Self> {
        // INVARIANT: none yet.
        Ok(Self {
            entries: KVVec::with_capacity(count, GFP_KERNEL)?,
            cursor: 0,
            mapping: None,
            released: false,
        })
    }

    /// Adds the folio that follows. One that does not, or has no room, fails.
    pub(crate) fn push(&mut self, folio: LockedFolio) -> Result {
        let (raw, range) = (folio.as_ptr(), folio.range());
        if self
            .entries
            .last()
            .is_some_and(|last| last.end != range.start)
        {
            return Err(EINVAL);
        }
        // SAFETY: the folio is locked; there is no high memory, so that it has an address.
        let address = unsafe { bindings::cofs_folio_address(raw.as_ptr()) };
        let entry = Entry {
            folio: raw,
            address: NonNull::new(address.cast()).ok_or(EINVAL)?,
            start: range.start,
            end: range.end,
        };
        self.entries.push(entry, GFP_KERNEL)?;
        // INVARIANT: the list's own piece keeps the folio locked until `release`.
        folio.begin().into_piece().into_raw();
        Ok(())
    }

    /// What part of the file they are.
    pub(crate) fn range(&self) -> Range<u64> {
        let start = self.entries.first().map_or(0, |first| first.start);
        start..self.entries.last().map_or(0, |last| last.end)
    }

    /// The entries that `range` touches.
    fn touched(&self, range: &Range<u64>) -> &[Entry] {
        if range.start >= range.end {
            return &[];
        }
        let first = self.entries.partition_point(|e| e.end <= range.start);
        let rest = self.entries.get(first..).unwrap_or_default();
        let count = match rest.first() {
            Some(entry) if entry.end >= range.end => 1,
            _ => rest.partition_point(|e| e.start < range.end),
        };
        rest.get(..count).unwrap_or_default()
    }

    /// What part of the file those folios are that `range` touches.
    pub(crate) fn whole(&self, range: &Range<u64>) -> Range<u64> {
        match self.touched(range) {
            [first, .., last] => first.start..last.end,
            [only] => only.start..only.end,
            [] => range.start..range.start,
        }
    }

    /// A share of `range`, which must be inside, and apart from all others.
    ///
    /// The folios must not have been released.
    pub(crate) fn share(&mut self, range: Range<u64>) -> Result<Share> {
        let all = self.range();
        if self.released
            || range.start >= range.end
            || range.start < all.start
            || range.end > all.end
        {
            return Err(EINVAL);
        }
        // Shares are mostly asked for in order.
        let mut first = self.cursor;
        if self
            .entries
            .get(first)
            .is_none_or(|e| e.start > range.start)
        {
            first = 0;
        }
        let rest = self.entries.get(first..).unwrap_or_default();
        first += rest.iter().take_while(|e| e.end <= range.start).count();
        let rest = self.entries.get(first..).unwrap_or_default();
        let touched = rest.iter().take_while(|e| e.start < range.end).count();
        self.cursor = first;
        let entries = first as u32..(first + touched) as u32;
        for entry in self.entries.get(first..first + touched).unwrap_or_default() {
            // SAFETY: not released, so that the list's own piece is still there.
            unsafe { Piece::another(entry.folio) }.into_raw();
        }
        Ok(Share { range, entries })
    }

    /// Those folios that `range` touches, as a list of its own, and a share of `range` of that, which
    /// must be inside, and apart from all shares of this one.
    ///
    /// The folios must not have been released.
    pub(crate) fn part(&self, range: Range<u64>) -> Result<(Self, Share)> {
        if self.released {
            return Err(EINVAL);
        }
        let touched = self.touched(&range);
        let mut part = Self::with_capacity(touched.len())?;
        for entry in touched {
            part.entries.push(*entry, GFP_KERNEL)?;
            // INVARIANT: the folio is locked, for the list it is of has not been released.
            // SAFETY: as above.
            unsafe { Piece::another(entry.folio) }.into_raw();
        }
        let share = part.share(range);
        part.release(Ok(()));
        Ok((part, share?))
    }

    /// The entries of `share` that `range` touches.
    fn entries(&self, share: &Share, range: &Range<u64>) -> &[Entry] {
        let all = self.entries.get(share.entries()).unwrap_or_default();
        let skipped = all.iter().take_while(|e| e.end <= range.start).count();
        let rest = all.get(skipped..).unwrap_or_default();
        let count = rest.iter().take_while(|e| e.start < range.end).count();
        rest.get(..count).unwrap_or_default()
    }

    /// Ends a share: the folios all of whose shares have ended become uptodate, or fail if one did.
    pub(crate) fn end(&self, share: Share, result: Result) {
        for entry in self.entries.get(share.entries()).unwrap_or_default() {
            // SAFETY: the piece from `share`.
            unsafe { Piece::from_raw(entry.folio) }.end(result);
        }
    }

    /// Whether `range` of `share` lies in one piece by itself.
    pub(crate) fn adjoins(&self, share: &Share, range: &Range<u64>) -> bool {
        adjoin(self.entries(share, range))
    }

    /// Has all of them lie in one piece, as far as they do not by themselves. May sleep. Without
    /// memory nothing changes.
    ///
    /// The folios must not have been released.
    pub(crate) fn map(&mut self) {
        if self.released || self.mapping.is_some() {
            return;
        }
        let range = self.range();
        let count = (range.end.saturating_sub(range.start) / PAGE_SIZE as u64) as usize;
        let Ok(mut pages) = KVVec::with_capacity(count, GFP_KERNEL) else {
            return;
        };
        for entry in &self.entries {
            let mut at = 0;
            while at < entry.end.saturating_sub(entry.start) {
                // SAFETY: inside. What is done with the mapping is done by shares, whose folios are
                // locked.
                let page = unsafe { entry.page(at) };
                if page.is_none_or(|page| pages.push(page, GFP_KERNEL).is_err()) {
                    return;
                }
                at += PAGE_SIZE as u64;
            }
        }
        // INVARIANT: of all pages, in order.
        self.mapping = VirtualRange::map(&pages).ok();
    }

    /// Ends the list's own part; from here on there are only shares.
    pub(crate) fn release(&mut self, result: Result) {
        if core::mem::replace(&mut self.released, true) {
            return;
        }
        for entry in &self.entries {
            // SAFETY: the piece from `push`.
            unsafe { Piece::from_raw(entry.folio) }.end(result);
        }
    }

    /// The memory of `range`, which must be in `share`, if it is in one piece.
    pub(crate) fn contiguous<'a>(
        &'a self,
        share: &'a Share,
        range: Range<u64>,
    ) -> Option<Target<'a>> {
        let range = share.within(range);
        let entries = self.entries(share, &range);
        let first = entries.first()?;
        let len = range.end.saturating_sub(range.start) as usize;
        if adjoin(entries) {
            let at = range.start.saturating_sub(first.start) as usize;
            // SAFETY: inside folios that the share keeps locked; the bytes are the share's.
            return Some(unsafe { Target::from_raw(first.address.add(at), len) });
        }
        let at = range.start.saturating_sub(self.range().start) as usize;
        self.mapping.as_ref()?.as_target().get(at..at + len)
    }

    /// Shows `see` the memory of `range`, as far as it is in `share`, piece by piece.
    pub(crate) fn each<'a>(
        &'a self,
        share: &'a Share,
        range: Range<u64>,
        mut see: impl FnMut(Target<'a>),
    ) {
        let range = share.within(range);
        for entry in self.entries(share, &range) {
            let start = range.start.max(entry.start);
            let len = range.end.min(entry.end).saturating_sub(start) as usize;
            let at = start.saturating_sub(entry.start) as usize;
            // SAFETY: inside the folio, which the share keeps locked; the bytes are the share's.
            see(unsafe { Target::from_raw(entry.address.add(at), len) });
        }
    }

    /// Copies `from` to where byte `pos` of the file and those behind it are.
    pub(crate) fn copy_in(&self, share: &Share, pos: u64, from: Source<'_>) {
        let mut done = 0usize;
        self.each(
            share,
            pos..pos.saturating_add(from.len() as u64),
            |target| {
                let end = done.saturating_add(target.len());
                if let Some(part) = from.get(done..end) {
                    target.copy_from(part);
                }
                done = end;
            },
        );
    }

    /// Copies the bytes of `range` to `to`.
    pub(crate) fn copy_out(&self, share: &Share, range: Range<u64>, to: Target<'_>) {
        let mut done = 0usize;
        self.each(share, range, |target| {
            let end = done.saturating_add(target.len());
            if let Some(part) = to.get(done..end) {
                part.copy_from(target.as_source());
            }
            done = end;
        });
    }

    /// The page that byte `pos` of the file is in, if it is one of a folio that `share` touches.
    pub(crate) fn page<'a>(&'a self, share: &'a Share, pos: u64) -> Option<PageRef<'a>> {
        let (first, last) = (share.range.start, share.range.end);
        let page = pos & !(PAGE_SIZE as u64 - 1);
        if page.saturating_add(PAGE_SIZE as u64) <= first || page >= last {
            return None;
        }
        let entry = self.entries(share, &(page..page + 1)).first()?;
        // SAFETY: inside a folio that the share keeps locked, of which its holder uses its own bytes.
        unsafe { entry.page(page.saturating_sub(entry.start)) }
    }
}

impl Drop for Folios {
    fn drop(&mut self) {
        self.release(Err(EIO));
    }
}
