// SPDX-License-Identifier: GPL-2.0

//! Folios: one page of metadata to look at, or a locked folio to fill piece by piece.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use super::{
    address_space,
    fs_type::FileSystem,
    inode::Inode,
    super_block::SuperBlock, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    mem,
    ops::{
        Deref,
        Range, //
    },
    ptr::NonNull, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    },
    types::NotThreadSafe, //
};

/// One uptodate page of a mapping, mapped for this thread.
///
/// # Invariants
///
/// `folio` is referenced and uptodate; `address` maps [`PAGE_SIZE`] bytes of it.
pub(crate) struct MappedPage {
    folio: NonNull<bindings::folio>,
    address: NonNull<u8>,
    _local: NotThreadSafe,
}

impl MappedPage {
    /// Gives the page to C: the folio, and the address of its first byte.
    pub(super) fn into_raw(self) -> (*mut bindings::folio, *mut u8) {
        let raw = (self.folio.as_ptr(), self.address.as_ptr());
        mem::forget(self);
        raw
    }

    /// # Safety
    ///
    /// Both must be from [`Self::into_raw`] or from the helper that maps pages, on the same thread;
    /// `address` may point anywhere into the page if the result is only dropped.
    pub(super) unsafe fn from_raw(folio: *mut bindings::folio, address: *mut u8) -> Self {
        // SAFETY: neither gives null pointers.
        let (folio, address) = unsafe {
            (
                NonNull::new_unchecked(folio),
                NonNull::new_unchecked(address),
            )
        };
        Self {
            folio,
            address,
            _local: NotThreadSafe,
        }
    }
}

impl Deref for MappedPage {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: by the type invariant. An uptodate page of a read-only image is not written,
        // but by whoever writes to the raw device; readers copy what they check.
        unsafe { core::slice::from_raw_parts(self.address.as_ptr(), PAGE_SIZE) }
    }
}

impl Drop for MappedPage {
    fn drop(&mut self) {
        // SAFETY: by the type invariant; local mappings are undone in reverse order, as values
        // are dropped.
        unsafe {
            bindings::cofs_unmap_page(self.folio.as_ptr(), self.address.as_ptr().cast());
        }
    }
}

/// A locked folio whose filling is ours to finish.
pub(crate) struct LockedFolio(NonNull<bindings::folio>);

impl LockedFolio {
    /// # Safety
    ///
    /// `folio` must be locked, not uptodate, and its unlocking the caller's duty, which passes on.
    pub(crate) unsafe fn from_raw(folio: NonNull<bindings::folio>) -> Self {
        Self(folio)
    }

    /// What part of the file it is, in bytes.
    pub(crate) fn range(&self) -> Range<u64> {
        // SAFETY: the folio is locked, so its place and its size are stable.
        unsafe {
            let start = bindings::cofs_folio_pos(self.0.as_ptr()) as u64;
            start..start.saturating_add(bindings::cofs_folio_size(self.0.as_ptr()) as u64)
        }
    }

    pub(super) fn as_ptr(&self) -> NonNull<bindings::folio> {
        self.0
    }

    /// Whether what was filled into it last was refused ([`Filled::refuse`]); asked once.
    pub(crate) fn was_refused(&self) -> bool {
        // SAFETY: the folio is locked.
        unsafe { bindings::cofs_folio_take_checked(self.0.as_ptr()) }
    }

    /// Starts the filling by pieces.
    pub(crate) fn begin(self) -> Filling {
        // INVARIANT: the filling itself is the first piece.
        counter(self.0).store(1, Relaxed);
        let piece = Piece(self.0);
        mem::forget(self);
        Filling {
            piece,
            _not_sync: PhantomData,
        }
    }
}

impl Drop for LockedFolio {
    fn drop(&mut self) {
        // SAFETY: by the constructor's requirement.
        unsafe { bindings::folio_end_read(self.0.as_ptr(), false) };
    }
}

/// Set in the counter when a piece failed.
const FAILED: i32 = 1 << 30;

/// The pieces under way are counted in `folio->private`, which is the file system's while the
/// folio is locked and has no PG_private.
fn counter<'a>(folio: NonNull<bindings::folio>) -> &'a Atomic<i32> {
    // SAFETY: the callers own the lock of the folio, so `private` is theirs; all access goes
    // through the atomic. The field is wider and aligned for it.
    unsafe { Atomic::from_ptr(private(folio).cast()) }
}

/// The field `private` of a live folio.
pub(super) fn private(folio: NonNull<bindings::folio>) -> *mut *mut kernel::ffi::c_void {
    // SAFETY: only an address is computed.
    unsafe {
        &raw mut (*folio.as_ptr())
            .__bindgen_anon_1
            .__bindgen_anon_1
            .__bindgen_anon_3
            .private
    }
}

/// A share in the filling of a folio: the last one to finish unlocks it.
///
/// # Invariants
///
/// The folio is locked, and its counter counts this piece.
pub(crate) struct Piece(NonNull<bindings::folio>);

// SAFETY: a piece may be finished anywhere, also in interrupts.
unsafe impl Send for Piece {}

impl Piece {
    /// Ends the piece; the folio becomes uptodate once all pieces ended well.
    pub(crate) fn end(self, result: Result) {
        let folio = self.0;
        mem::forget(self);
        let count = counter(folio);
        if result.is_err() {
            let mut old = count.load(Relaxed);
            while let Err(now) = count.cmpxchg(old, old | FAILED, Relaxed) {
                old = now;
            }
        }
        let left = count.fetch_sub(1, Full).wrapping_sub(1);
        if left & !FAILED != 0 {
            return;
        }
        // SAFETY: this was the last piece, so the folio is ours: locked by the type invariant.
        unsafe {
            *private(folio) = core::ptr::null_mut();
            if left == 0 {
                zero_past_end(folio.as_ptr());
                address_space::filled(Filled(folio));
                return;
            }
            drop(LockedFolio::from_raw(folio));
        }
    }

    /// A further piece of `folio`.
    ///
    /// # Safety
    ///
    /// There must be one already, which does not end meanwhile.
    pub(super) unsafe fn another(folio: NonNull<bindings::folio>) -> Self {
        counter(folio).add(1, Relaxed);
        // INVARIANT: just counted.
        Self(folio)
    }

    /// The folio, for C to carry the piece.
    pub(crate) fn into_raw(self) -> *mut bindings::folio {
        let folio = self.0.as_ptr();
        mem::forget(self);
        folio
    }

    /// # Safety
    ///
    /// `folio` must be from [`Self::into_raw`], each once.
    pub(crate) unsafe fn from_raw(folio: NonNull<bindings::folio>) -> Self {
        // INVARIANT: as it was before `into_raw`.
        Self(folio)
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        Piece(self.0).end(Err(EIO));
    }
}

/// A locked folio whose bytes are all there, and which nobody has seen yet. Dropped, it fails.
///
/// Whichever way a folio was filled, it becomes one of these, in [`Piece::end`], and uptodate by
/// [`Self::publish`] alone.
pub(crate) struct Filled(NonNull<bindings::folio>);

// SAFETY: a locked folio may be unlocked anywhere, also in interrupts.
unsafe impl Send for Filled {}

impl Filled {
    pub(super) fn as_ptr(&self) -> *mut bindings::folio {
        self.0.as_ptr()
    }

    /// Gives it to C.
    pub(super) fn into_raw(self) -> NonNull<bindings::folio> {
        let folio = self.0;
        mem::forget(self);
        folio
    }

    /// # Safety
    ///
    /// `folio` must be from [`Self::into_raw`], once.
    pub(super) unsafe fn from_raw(folio: NonNull<bindings::folio>) -> Self {
        Self(folio)
    }

    /// Each of its pages, with the number that it has in the file.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (u64, &[u8])> {
        // SAFETY: the folio is locked, and not uptodate: nobody writes to it.
        unsafe { pages(self.0) }
    }

    /// Fails the folio, and marks it as one that was refused for what is in it.
    pub(crate) fn refuse(self) {
        // SAFETY: the folio is locked.
        unsafe { bindings::cofs_folio_set_checked(self.0.as_ptr()) };
    }

    /// Makes the folio uptodate, and unlocks it.
    pub(crate) fn publish(self) {
        let folio = self.0;
        mem::forget(self);
        // SAFETY: the folio is locked, and unlocking it our duty.
        unsafe { bindings::folio_end_read(folio.as_ptr(), true) };
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { bindings::folio_end_read(self.0.as_ptr(), false) };
    }
}

/// The pages of a folio, each with the number that it has in the file.
///
/// # Safety
///
/// The folio must be referenced or locked for `'a`, and in or from a mapping; nobody may write to it
/// meanwhile.
pub(super) unsafe fn pages<'a>(
    folio: NonNull<bindings::folio>,
) -> impl Iterator<Item = (u64, &'a [u8])> {
    // SAFETY: by the function's requirement; there is no high memory, so that it has an address.
    let (first, count, address) = unsafe {
        (
            bindings::cofs_folio_pos(folio.as_ptr()) as u64 / PAGE_SIZE as u64,
            bindings::cofs_folio_size(folio.as_ptr()) / PAGE_SIZE,
            bindings::cofs_folio_address(folio.as_ptr()).cast::<u8>(),
        )
    };
    (0..count).map(move |index| {
        // SAFETY: the page lies in the folio.
        let bytes =
            unsafe { core::slice::from_raw_parts(address.add(index * PAGE_SIZE), PAGE_SIZE) };
        (first.saturating_add(index as u64), bytes)
    })
}

/// What lies after the end of the file in its last block is not the file's: a mapping must find
/// zeros there.
///
/// # Safety
///
/// `folio` must be locked and in a mapping.
unsafe fn zero_past_end(folio: *mut bindings::folio) {
    // SAFETY: a locked folio in the page cache has a mapping with a host.
    unsafe {
        let mapping = (*folio).__bindgen_anon_1.__bindgen_anon_1.mapping;
        let size = bindings::cofs_i_size_read((*mapping).host);
        let start = bindings::cofs_folio_pos(folio);
        let len = bindings::cofs_folio_size(folio);
        let valid = size.saturating_sub(start).max(0) as usize;
        if valid < len {
            bindings::cofs_folio_zero_segment(folio, valid, len);
        }
        bindings::cofs_flush_dcache_folio(folio);
    }
}

/// A folio that a failed read was to fill: still locked, and somebody else's.
pub(crate) struct Lost<'a> {
    folio: NonNull<bindings::folio>,
    _locked: PhantomData<&'a ()>,
}

impl Lost<'_> {
    /// # Safety
    ///
    /// `folio` must stay locked and in its mapping for the lifetime.
    pub(crate) unsafe fn from_raw(folio: NonNull<bindings::folio>) -> Self {
        Self {
            folio,
            _locked: PhantomData,
        }
    }

    /// Its offset in the file, and its length.
    pub(crate) fn range(&self) -> (u64, u64) {
        // SAFETY: the folio is locked.
        unsafe {
            let start = bindings::cofs_folio_pos(self.folio.as_ptr()) as u64;
            (start, bindings::cofs_folio_size(self.folio.as_ptr()) as u64)
        }
    }

    /// The inode that has the folio, if it is one of `sb`.
    pub(crate) fn host<T: FileSystem>(&self, sb: &SuperBlock<T>) -> Option<&Inode<T>> {
        // SAFETY: the folio is locked, so its mapping and the host stay. The type of an inode is
        // that of its super block.
        unsafe {
            let mapping = (*self.folio.as_ptr())
                .__bindgen_anon_1
                .__bindgen_anon_1
                .mapping;
            let host = (*mapping).host;
            ((*host).i_sb == sb.as_ptr()).then(|| Inode::from_raw(host))
        }
    }
}

/// A locked folio that is being filled: gives out pieces, and is itself one until it is dropped.
pub(crate) struct Filling {
    piece: Piece,
    _not_sync: PhantomData<*mut ()>,
}

impl Filling {
    /// File offset of the folio in bytes.
    pub(crate) fn pos(&self) -> u64 {
        // SAFETY: the folio is locked, so it stays in its mapping.
        unsafe { bindings::cofs_folio_pos(self.piece.0.as_ptr()) as u64 }
    }

    /// Size of the folio in bytes.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: the folio is locked, so its size is stable.
        unsafe { bindings::cofs_folio_size(self.piece.0.as_ptr()) }
    }

    /// EINVAL unless `len` bytes, at least one, lie at `offset` in the folio.
    pub(crate) fn check(&self, offset: usize, len: usize) -> Result {
        match offset.checked_add(len) {
            Some(end) if len != 0 && end <= self.len() => Ok(()),
            _ => Err(EINVAL),
        }
    }

    /// A further piece, which someone else ends.
    pub(crate) fn piece(&self) -> Piece {
        // SAFETY: the filling is itself a piece.
        unsafe { Piece::another(self.piece.0) }
    }

    /// The filling's own piece.
    pub(super) fn into_piece(self) -> Piece {
        self.piece
    }

    /// Whether `piece` belongs to this folio.
    pub(crate) fn owns(&self, piece: *mut bindings::folio) -> bool {
        self.piece.0.as_ptr() == piece
    }

    /// Zeroes `len` bytes from `offset` in the folio; what lies outside is left out.
    pub(crate) fn zero(&mut self, offset: usize, len: usize) {
        let end = offset.saturating_add(len).min(self.len());
        if offset < end {
            // SAFETY: the range lies within the folio, which is locked and not uptodate: ours.
            unsafe { bindings::cofs_folio_zero_segment(self.piece.0.as_ptr(), offset, end) };
        }
    }

    /// Copies `data` to `offset` in the folio; what lies outside is left out.
    pub(crate) fn copy_from(&mut self, offset: usize, mut data: &[u8]) {
        let mut offset = offset;
        while !data.is_empty() && offset < self.len() {
            let room = PAGE_SIZE - offset % PAGE_SIZE;
            let (now, rest) = data.split_at(room.min(data.len()));
            // SAFETY: the page at `offset` lies within the folio, which is ours, and `now` ends
            // within that page.
            unsafe {
                let to = bindings::cofs_kmap_local_folio(self.piece.0.as_ptr(), offset);
                core::ptr::copy_nonoverlapping(now.as_ptr(), to.cast(), now.len());
                bindings::cofs_kunmap_local(to);
            }
            offset = offset.saturating_add(now.len());
            data = rest;
        }
    }

    /// Ends the filling's own piece.
    pub(crate) fn finish(self, result: Result) {
        self.piece.end(result);
    }
}
