// SPDX-License-Identifier: GPL-2.0
//! What no safe crate offers. All `unsafe` of this program is in here.

use std::fs::File;
use std::io::Result;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::AtomicU64;

use io_uring::{opcode, squeue::Flags, types, IoUring};
use memmap2::{Mmap, MmapMut, MmapOptions, MmapRaw};

/// How a range of a file is mapped.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) offset: u64,
    pub(crate) len: usize,
}

impl Range {
    fn options(self) -> MmapOptions {
        let mut options = MmapOptions::new();
        options.offset(self.offset).len(self.len);
        options
    }

    /// Shared, readable.
    pub(crate) fn map(self, file: &File) -> Result<Mmap> {
        // SAFETY: nothing can change or shorten a file of a read-only image.
        unsafe { self.options().map(file) }
    }

    /// Readable and executable.
    pub(crate) fn map_code(self, file: &File) -> Result<Mmap> {
        // SAFETY: as above.
        unsafe { self.options().map_exec(file) }
    }

    /// Private and writable: what is written is this process's own.
    pub(crate) fn map_copy(self, file: &File) -> Result<MmapMut> {
        // SAFETY: as above.
        unsafe { self.options().map_copy(file) }
    }
}

/// madvise(2) with advice that leaves what the mapping shows as it is, which is all but
/// MADV_DONTNEED and its like.
pub(crate) fn advise(map: &Mmap, advice: i32) -> Result<()> {
    // SAFETY: the range is mapped for as long as `map` lives.
    match unsafe { libc::madvise(map.as_ptr().cast_mut().cast(), map.len(), advice) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Words in a file that several processes have mapped.
pub(crate) struct Words {
    map: MmapRaw,
    count: usize,
}

impl Words {
    pub(crate) fn new(file: &File, count: usize) -> Result<Words> {
        file.set_len((count * size_of::<u64>()) as u64)?;
        let map = MmapOptions::new()
            .len(count * size_of::<u64>())
            .map_raw(file)?;
        Ok(Words { map, count })
    }

    pub(crate) fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < self.count, "word {index} of {}", self.count);
        // SAFETY: the word is inside of the mapping, aligned, and only ever used atomically.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().cast::<u64>().add(index)) }
    }
}

/// A read that a ring does, and what it said.
pub(crate) struct Read {
    pub(crate) offset: u64,
    pub(crate) buffer: Vec<u8>,
    pub(crate) result: i32,
    /// By a worker of the kernel from the start.
    pub(crate) forced: bool,
}

/// Submits all and waits for all. After an error the ring is not to be used again.
pub(crate) fn ring_reads(
    ring: &mut IoUring,
    fd: BorrowedFd<'_>,
    mut reads: Vec<Read>,
) -> Result<Vec<Read>> {
    for (number, read) in reads.iter_mut().enumerate() {
        let buffer = (read.buffer.as_mut_ptr(), read.buffer.len() as u32);
        let mut entry = opcode::Read::new(types::Fd(fd.as_raw_fd()), buffer.0, buffer.1)
            .offset(read.offset)
            .build()
            .user_data(number as u64);
        if read.forced {
            entry = entry.flags(Flags::ASYNC);
        }
        // SAFETY: the buffer lives until the read is complete: below it is either waited for, or leaked.
        let pushed = unsafe { ring.submission().push(&entry) };
        pushed.map_err(|_| std::io::ErrorKind::StorageFull)?;
    }
    let mut left = reads.len();
    let mut attempts = 0;
    while left > 0 {
        match ring.submit_and_wait(1) {
            Ok(_) => {}
            Err(_) if attempts < 1000 => attempts += 1,
            Err(error) => {
                std::mem::forget(reads);
                return Err(error);
            }
        }
        for done in ring.completion() {
            reads[done.user_data() as usize].result = done.result();
            left -= 1;
        }
    }
    Ok(reads)
}
