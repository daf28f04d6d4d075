// SPDX-License-Identifier: GPL-2.0

//! What no safe crate offers.

use std::arch::asm;
use std::fs::File;
use std::io::Result;

use memmap2::Mmap;

/// Maps a whole file of a read-only image.
pub(crate) fn map(file: &File) -> Result<Mmap> {
    // SAFETY: nothing can change or shorten a file of a read-only image.
    unsafe { Mmap::map(file) }
}

/// An instruction that does nothing, by which a profiler sees where a measured span starts.
pub(crate) fn mark_start() {
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
