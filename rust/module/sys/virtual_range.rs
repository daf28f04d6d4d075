// SPDX-License-Identifier: GPL-2.0

//! Pages that lie anywhere, mapped as one range.
//!
//! C header: [`include/linux/vmalloc.h`](srctree/include/linux/vmalloc.h)

use super::{
    nofs,
    span::Target, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// A page for the mapping.
///
/// # Invariants
///
/// For `'a` the page is allocated, and nobody touches it but whoever holds this.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct PageRef<'a> {
    page: NonNull<bindings::page>,
    _memory: PhantomData<&'a mut u8>,
}

impl PageRef<'_> {
    /// The page at `page`.
    ///
    /// # Safety
    ///
    /// The type's invariant.
    pub(crate) unsafe fn from_raw(page: NonNull<bindings::page>) -> Self {
        // INVARIANT: by the function's requirement.
        Self {
            page,
            _memory: PhantomData,
        }
    }
}

/// How often a mapping is tried.
const TRIES: usize = 3;

/// Some pages, of which one may occur several times.
///
/// # Invariants
///
/// `pages` pages at `start` are mapped, and are unmapped here.
pub(crate) struct VirtualRange<'a> {
    start: NonNull<u8>,
    pages: u32,
    _memory: PhantomData<PageRef<'a>>,
}

impl<'a> VirtualRange<'a> {
    /// Maps `pages`. May sleep.
    pub(crate) fn map(pages: &[PageRef<'a>]) -> Result<Self> {
        let count = u32::try_from(pages.len())?;
        if count == 0 {
            return Err(EINVAL);
        }
        // The function allocates as it likes.
        let _nofs = nofs::Scope::new();
        // CAST: `PageRef` is transparent; the array is only read.
        let array = pages.as_ptr().cast_mut().cast::<*mut bindings::page>();
        for try_ in 0..TRIES {
            if try_ > 0 {
                // SAFETY: may be called from any sleepable context.
                unsafe { bindings::vm_unmap_aliases() };
            }
            // SAFETY: the array has `count` pages, which are allocated; any node will do.
            let start = unsafe { bindings::vm_map_ram(array, count, -1) };
            if let Some(start) = NonNull::new(start.cast()) {
                // INVARIANT: just mapped.
                return Ok(Self {
                    start,
                    pages: count,
                    _memory: PhantomData,
                });
            }
        }
        Err(ENOMEM)
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        (self.pages as usize).saturating_mul(PAGE_SIZE)
    }

    /// All of it, to be written.
    pub(crate) fn as_target(&self) -> Target<'_> {
        // SAFETY: mapped until `self` is dropped; by the invariant of `PageRef` the pages are ours.
        unsafe { Target::from_raw(self.start, self.len()) }
    }
}

impl Drop for VirtualRange<'_> {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, and nothing that points into it outlives this.
        unsafe { bindings::vm_unmap_ram(self.start.as_ptr().cast(), self.pages) };
    }
}
