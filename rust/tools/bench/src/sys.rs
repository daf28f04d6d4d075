// SPDX-License-Identifier: GPL-2.0

//! What no safe crate offers.

use std::fs::File;
use std::io::Result;

use memmap2::Mmap;

/// Maps a whole file of a read-only image.
pub(crate) fn map(file: &File) -> Result<Mmap> {
    // SAFETY: nothing can change or shorten a file of a read-only image.
    unsafe { Mmap::map(file) }
}
