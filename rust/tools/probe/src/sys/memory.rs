// SPDX-License-Identifier: GPL-2.0
//! What a process can do to its mappings.

use std::ptr::NonNull;

use rustix::io::Result;

use super::{check, Map};

/// madvise(2).
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub(crate) enum Advise {
    DontNeed = libc::MADV_DONTNEED,
    WillNeed = libc::MADV_WILLNEED,
    Cold = libc::MADV_COLD,
    PageOut = libc::MADV_PAGEOUT,
    PopulateRead = libc::MADV_POPULATE_READ,
    PopulateWrite = libc::MADV_POPULATE_WRITE,
    Collapse = libc::MADV_COLLAPSE,
    Remove = libc::MADV_REMOVE,
    Poison = libc::MADV_HWPOISON,
    SoftOffline = libc::MADV_SOFT_OFFLINE,
}

impl Map {
    pub(crate) fn advise(&self, advise: Advise) -> Result<()> {
        self.advise_part(0, self.len, advise)
    }

    /// Only for the page-aligned range of `len` bytes at `start`.
    pub(crate) fn advise_part(&self, start: usize, len: usize, advise: Advise) -> Result<()> {
        let part = self.bytes()[start..start + len].as_ptr();
        // SAFETY: the range is ours and backed by a file: whatever is taken away comes back.
        check(unsafe { libc::madvise(part.cast_mut().cast(), len, advise as i32) }.into())?;
        Ok(())
    }

    /// mlock(2), until the mapping goes.
    pub(crate) fn lock(&self) -> Result<()> {
        // SAFETY: the range is ours.
        check(unsafe { libc::mlock(self.base.as_ptr(), self.len) }.into())?;
        Ok(())
    }

    /// mremap(2): the first `len` bytes, at an address of the kernel's choice.
    pub(crate) fn moved(self, len: usize) -> Result<Map> {
        let map = std::mem::ManuallyDrop::new(self);
        let old = (map.base.as_ptr(), map.len);
        // First to a reservation, since a mapping that shrinks would stay where it is.
        // SAFETY: the reservation is ours and replaced as a whole; the old range is given up.
        let base = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let place = libc::mmap(std::ptr::null_mut(), len, libc::PROT_NONE, flags, -1, 0);
            check(if place == libc::MAP_FAILED { -1 } else { 0 })?;
            let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
            libc::mremap(old.0, old.1, len, flags, place)
        };
        check(if base == libc::MAP_FAILED { -1 } else { 0 })?;
        // SAFETY: mremap does not return null when it succeeds.
        let base = unsafe { NonNull::new_unchecked(base) };
        Ok(Map { base, len })
    }
}
