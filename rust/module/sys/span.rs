// SPDX-License-Identifier: GPL-2.0

//! Memory that decoders read and write: raw, for it may be mapped twice or decoded in place, which
//! a slice must not.

use core::{
    marker::PhantomData,
    ops::Range,
    ptr::NonNull, //
};

/// Bytes to read.
///
/// # Invariants
///
/// `len` bytes at `ptr` are readable for `'a`, and meanwhile nobody writes to them but a decoder
/// that works in place.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    ptr: NonNull<u8>,
    len: usize,
    _memory: PhantomData<&'a u8>,
}

/// Bytes to write.
///
/// # Invariants
///
/// `len` bytes at `ptr` are writable for `'a`, at most `isize::MAX`, and meanwhile nobody touches
/// them but through this and its copies, on one thread; but a [`Source`] may lie in them.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    ptr: NonNull<u8>,
    len: usize,
    _memory: PhantomData<&'a mut u8>,
}

/// The start and length of `range` in `len` bytes, if it lies in them.
fn within(range: Range<usize>, len: usize) -> Option<(usize, usize)> {
    let inside = range.end <= len;
    let size = range.end.checked_sub(range.start)?;
    inside.then_some((range.start, size))
}

impl<'a> Source<'a> {
    /// Bytes that nobody writes.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        // INVARIANT: shared for `'a`.
        Self {
            ptr: NonNull::from(bytes).cast(),
            len: bytes.len(),
            _memory: PhantomData,
        }
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first of them.
    pub(super) fn as_ptr(&self) -> *const u8 {
        self.ptr.as_ptr()
    }

    /// Some of them.
    pub(crate) fn get(&self, range: Range<usize>) -> Option<Self> {
        let (start, len) = within(range, self.len)?;
        // INVARIANT: a part of what this has.
        Some(Self {
            // SAFETY: `start` is at most `self.len`.
            ptr: unsafe { self.ptr.add(start) },
            len,
            _memory: PhantomData,
        })
    }

    /// How many zeros they start with, at most `limit`.
    pub(crate) fn zeros(&self, limit: usize) -> usize {
        let limit = limit.min(self.len);
        // SAFETY: `i` is less than the length.
        let zero = |i: usize| unsafe { self.ptr.add(i).read() } == 0;
        (0..limit).take_while(|&i| zero(i)).count()
    }
}

impl<'a> Target<'a> {
    /// The `len` bytes at `ptr`.
    ///
    /// # Safety
    ///
    /// The type's invariant.
    pub(crate) unsafe fn from_raw(ptr: NonNull<u8>, len: usize) -> Self {
        // INVARIANT: by the function's requirement.
        Self {
            ptr,
            len,
            _memory: PhantomData,
        }
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first of them.
    pub(super) fn as_ptr(&self) -> *mut u8 {
        self.ptr.as_ptr()
    }

    /// Some of them.
    pub(crate) fn get(&self, range: Range<usize>) -> Option<Self> {
        let (start, len) = within(range, self.len)?;
        // INVARIANT: a part of what this has.
        Some(Self {
            // SAFETY: `start` is at most `self.len`.
            ptr: unsafe { self.ptr.add(start) },
            len,
            _memory: PhantomData,
        })
    }

    /// The same bytes to read, where they have been written.
    pub(crate) fn as_source(&self) -> Source<'a> {
        // INVARIANT: readable as well, and written to through copies of this alone, on one thread;
        // nothing relies on what is read.
        Source {
            ptr: self.ptr,
            len: self.len,
            _memory: PhantomData,
        }
    }

    /// Copies `from` to the start, as far as it fits; it may overlap this. Returns how much.
    pub(crate) fn copy_from(&self, from: Source<'_>) -> usize {
        let len = self.len.min(from.len);
        let distance = self.ptr.addr().get().abs_diff(from.ptr.addr().get());
        // SAFETY: by the invariants, for neither length is exceeded.
        unsafe {
            if distance >= len {
                core::ptr::copy_nonoverlapping(from.as_ptr(), self.as_ptr(), len);
            } else {
                core::ptr::copy(from.as_ptr(), self.as_ptr(), len);
            }
        }
        len
    }

    /// Fills all of it with zeros.
    pub(crate) fn zero(&self) {
        // SAFETY: by the invariant.
        unsafe { core::ptr::write_bytes(self.as_ptr(), 0, self.len) };
    }
}
