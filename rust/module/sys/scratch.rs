// SPDX-License-Identifier: GPL-2.0

//! Virtually contiguous memory for a while: what a decoder reads or writes where folios do not
//! serve, and what it works in.
//!
//! A thread takes one at a time, before a decoder's context, and gives it back without having
//! waited for anything else but such a context: so whoever waits for one goes on.
//!
//! C header: [`include/linux/vmalloc.h`](srctree/include/linux/vmalloc.h)

use super::{
    pool::{
        Effort,
        Item,
        Pool,
        Taken, //
    },
    span::Target, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// A buffer.
///
/// # Invariants
///
/// `len` bytes at `start` are vmalloc's, and ours.
pub(super) struct Buffer {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: memory may be used and freed by any thread.
unsafe impl Send for Buffer {}

impl Buffer {
    /// Where it starts.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Item for Buffer {
    fn make(need: usize, effort: Effort) -> Result<Self> {
        let len = need
            .max(1)
            .checked_next_multiple_of(PAGE_SIZE)
            .ok_or(ENOMEM)?;
        let gfp = match effort {
            Effort::Full => bindings::COFS_GFP_KERNEL,
            Effort::Light => bindings::COFS_GFP_READ,
        };
        // SAFETY: allocates, in a context that may sleep.
        let start = NonNull::new(unsafe { bindings::cofs_vmalloc(len, gfp) }).ok_or(ENOMEM)?;
        // INVARIANT: just allocated.
        Ok(Self {
            start: start.cast(),
            len,
        })
    }

    fn size(&self) -> usize {
        self.len
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: by the invariant; nothing points into it any more.
        unsafe { bindings::vfree(self.start.as_ptr().cast()) };
    }
}

/// How large a buffer is taken for `len` bytes: lengths differ, and each greater one would make it anew.
pub(super) fn rounded(len: usize) -> usize {
    len.max(PAGE_SIZE)
        .checked_next_power_of_two()
        .unwrap_or(len)
}

/// A buffer that is given back when this is dropped.
pub(crate) struct Scratch<'a> {
    buffer: Taken<'a, Buffer>,
    len: usize,
}

impl<'a> Scratch<'a> {
    /// Takes `len` bytes from `pool`.
    pub(super) fn take(pool: &'a Pool<Buffer>, len: usize) -> Result<Self> {
        let buffer = pool.take(rounded(len))?;
        Ok(Self { buffer, len })
    }

    /// What was asked for, to be written.
    pub(crate) fn as_target(&self) -> Target<'_> {
        // SAFETY: the buffer is taken, so that nobody else touches it, and `Taken` does not leave
        // its thread.
        unsafe { Target::from_raw(self.buffer.start(), self.len) }
    }
}
