// SPDX-License-Identifier: GPL-2.0

//! Ranges of memory that more than one may look at: bytes to decode from, and bytes to decode to.
//! Where a cluster is decoded in place the one lies in the other, so neither is a reference.

use crate::bindings;
use core::{
    marker::PhantomData,
    ops::Range,
    ptr::NonNull, //
};

/// Bytes to read.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    start: NonNull<u8>,
    len: usize,
    _memory: PhantomData<&'a ()>,
}

/// Bytes to write, which nobody else reads or writes but for a [`Source`] in the same hands.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    start: NonNull<u8>,
    len: usize,
    _memory: PhantomData<&'a ()>,
}

impl<'a> Source<'a> {
    /// # Safety
    ///
    /// For `'a`, `len` bytes from `start` must be readable, initialised, and written by nobody
    /// but through a [`Target`] of whoever holds this.
    pub(crate) unsafe fn from_raw(start: NonNull<u8>, len: usize) -> Self {
        Self {
            start,
            len,
            _memory: PhantomData,
        }
    }

    /// Bytes that nobody writes.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self {
            start: NonNull::from(bytes).cast(),
            len: bytes.len(),
            _memory: PhantomData,
        }
    }

    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// A part.
    pub(crate) fn get(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.len {
            return None;
        }
        Some(Self {
            // SAFETY: inside.
            start: unsafe { self.start.add(range.start) },
            len: range.end - range.start,
            _memory: PhantomData,
        })
    }

    /// How many zeros it starts with, if anything follows them.
    pub(crate) fn padding(&self) -> Option<usize> {
        // SAFETY: readable and initialised by the type's promise, and not written for this call,
        // since whoever could do so is here.
        let bytes = unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) };
        cofs_core::compressed::decode::padding(bytes)
    }
}

impl<'a> Target<'a> {
    /// # Safety
    ///
    /// For `'a`, `len` bytes from `start` must be writable, and neither read nor written by anyone
    /// but the holders of this and of its parts, who do not write the same bytes at a time.
    pub(crate) unsafe fn from_raw(start: NonNull<u8>, len: usize) -> Self {
        Self {
            start,
            len,
            _memory: PhantomData,
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// A part.
    pub(crate) fn get(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.len {
            return None;
        }
        Some(Self {
            // SAFETY: inside.
            start: unsafe { self.start.add(range.start) },
            len: range.end - range.start,
            _memory: PhantomData,
        })
    }

    /// The same bytes, once written, to read.
    pub(crate) fn as_source(&self) -> Source<'a> {
        Source {
            start: self.start,
            len: self.len,
            _memory: PhantomData,
        }
    }

    /// Copies as many bytes of `from` as there is room for; the two may overlap.
    pub(crate) fn copy_from(&self, from: Source<'_>) {
        let len = self.len.min(from.len);
        // SAFETY: both are of at least `len` bytes.
        unsafe { core::ptr::copy(from.as_ptr(), self.as_ptr(), len) };
    }

    /// Zeroes all.
    pub(crate) fn zero(&self) {
        // SAFETY: writable.
        unsafe { self.as_ptr().write_bytes(0, self.len) };
    }
}

/// A page of memory that whoever holds this keeps.
#[derive(Clone, Copy)]
pub(crate) struct PageRef(NonNull<bindings::page>);

impl PageRef {
    /// # Safety
    ///
    /// `address` must lie in a page of the kernel's direct map.
    pub(crate) unsafe fn of(address: NonNull<u8>) -> Self {
        // SAFETY: by the function's requirement; such an address has a page.
        unsafe {
            Self(NonNull::new_unchecked(bindings::cofs_virt_to_page(
                address.as_ptr().cast(),
            )))
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::page {
        self.0.as_ptr()
    }
}
