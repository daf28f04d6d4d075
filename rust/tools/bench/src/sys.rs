// SPDX-License-Identifier: GPL-2.0

//! What no safe crate offers.

use std::arch::asm;
use std::fs::File;
use std::io::Result;
use std::sync::atomic::{AtomicU32, Ordering};

use memmap2::Mmap;

/// Maps a whole file of a read-only image.
pub(crate) fn map(file: &File) -> Result<Mmap> {
    // SAFETY: nothing can change or shorten a file of a read-only image.
    unsafe { Mmap::map(file) }
}

static SPANS: AtomicU32 = AtomicU32::new(0);

/// How many spans have started.
pub(crate) fn spans() -> u32 {
    SPANS.load(Ordering::Relaxed)
}

/// An instruction that does nothing, by which a profiler sees where a measured span starts.
pub(crate) fn mark_start() {
    SPANS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: a nop of seven bytes; the address in it is not accessed.
    unsafe {
        asm!(
            "nop dword ptr [rax + 0x70c0f501]",
            options(nostack, preserves_flags)
        )
    };
}

/// And where it ends.
pub(crate) fn mark_end() {
    // SAFETY: as above.
    unsafe {
        asm!(
            "nop dword ptr [rax + 0x70c0f502]",
            options(nostack, preserves_flags)
        )
    };
}
