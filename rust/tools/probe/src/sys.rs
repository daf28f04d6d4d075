// SPDX-License-Identifier: GPL-2.0
//! The system calls that no safe crate offers. All `unsafe` of this program is in here and below.

pub(crate) mod asynchronous;
pub(crate) mod fanotify;
pub(crate) mod handle;
mod memory;
pub(crate) mod process;

use std::ffi::c_void;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::{null_mut, NonNull};

use rustix::io::{Errno, Result};
use rustix::mm::{mmap, munmap, MapFlags, ProtFlags};

pub(crate) use memory::Advise;

pub(crate) const PAGE: usize = 4096;

/// A read-only shared mapping of a file.
pub(crate) struct Map {
    base: NonNull<c_void>,
    len: usize,
}

// SAFETY: the mapping is read-only and owned; any thread may read or unmap it.
unsafe impl Send for Map {}
// SAFETY: as above, and nothing has interior mutability.
unsafe impl Sync for Map {}

impl Map {
    /// Maps `len` bytes from page-aligned `offset`. The file must not shrink meanwhile: those of
    /// a read-only filesystem cannot.
    pub(crate) fn new(fd: BorrowedFd<'_>, offset: u64, len: usize) -> Result<Map> {
        // SAFETY: the kernel picks the address, so no live memory is replaced.
        let base = unsafe {
            mmap(
                null_mut(),
                len,
                ProtFlags::READ,
                MapFlags::SHARED,
                fd,
                offset,
            )?
        };
        let base = NonNull::new(base).ok_or(Errno::NOMEM)?;
        Ok(Map { base, len })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes are mapped readable for as long as `self` lives.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().cast(), self.len) }
    }

    pub(crate) fn address(&self) -> usize {
        self.base.as_ptr() as usize
    }

    /// Lets its bytes be run, too: mm reads otherwise for faults on such mappings.
    pub(crate) fn let_run(&self) -> Result<()> {
        let protection = libc::PROT_READ | libc::PROT_EXEC;
        // SAFETY: the range is ours, and stays readable.
        let rc = unsafe { libc::mprotect(self.base.as_ptr(), self.len, protection) };
        check(rc.into()).map(drop)
    }

    /// Touches every page, so that each has an entry in the page table.
    pub(crate) fn populate(&self) -> u8 {
        let touched = self.bytes().iter().step_by(PAGE).fold(0u8, |a, b| a ^ *b);
        std::hint::black_box(touched)
    }

    /// Faults all of it in: an error where a touch would be a signal.
    pub(crate) fn try_populate(&self) -> Result<()> {
        // SAFETY: the range is ours.
        let rc = unsafe { libc::madvise(self.base.as_ptr(), self.len, libc::MADV_POPULATE_READ) };
        check(rc.into()).map(drop)
    }

    /// mincore(2): how many of the mapping's pages are in the page cache.
    pub(crate) fn resident(&self) -> Result<usize> {
        let mut seen = vec![0u8; self.len.div_ceil(PAGE)];
        // SAFETY: the range is ours and `seen` has one byte for each of its pages.
        let rc = unsafe { libc::mincore(self.base.as_ptr(), self.len, seen.as_mut_ptr()) };
        check(rc.into())?;
        Ok(seen.iter().filter(|b| **b & 1 != 0).count())
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `new`, and `bytes` borrows from `self`.
        let _ = unsafe { munmap(self.base.as_ptr(), self.len) };
    }
}

/// Whether a writable shared mapping is refused, and how.
pub(crate) fn map_writable(fd: BorrowedFd<'_>) -> Result<()> {
    let prot = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: the kernel picks the address; the mapping is dropped at once.
    unsafe {
        let base = mmap(null_mut(), PAGE, prot, MapFlags::SHARED, fd, 0)?;
        munmap(base, PAGE)
    }
}

fn check(rc: i64) -> Result<i64> {
    if rc >= 0 {
        return Ok(rc);
    }
    let error = std::io::Error::last_os_error();
    Err(Errno::from_io_error(&error).unwrap_or(Errno::INVAL))
}

#[repr(C)]
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Cachestat {
    pub(crate) cached: u64,
    pub(crate) dirty: u64,
    pub(crate) writeback: u64,
    pub(crate) evicted: u64,
    pub(crate) recently_evicted: u64,
}

/// cachestat(2) over the whole file.
pub(crate) fn cachestat(fd: BorrowedFd<'_>) -> Result<Cachestat> {
    const NR_CACHESTAT: i64 = 451;
    let range = [0u64; 2];
    let mut stat = Cachestat::default();
    // SAFETY: the kernel reads 16 bytes of `range` and writes one `struct cachestat`.
    let rc = unsafe { libc::syscall(NR_CACHESTAT, fd.as_raw_fd(), &range, &mut stat, 0) };
    check(rc)?;
    Ok(stat)
}

/// File accesses of this thread are judged as this user's from here on.
pub(crate) fn become_user(id: u32) {
    // SAFETY: both change credentials of the calling thread alone and touch no memory.
    unsafe {
        libc::syscall(libc::SYS_setgroups, 0, null_mut::<c_void>());
        libc::setfsgid(id);
        libc::setfsuid(id);
    }
}

/// An ioctl whose argument is a plain number, or ignored.
pub(crate) fn ioctl_number(fd: BorrowedFd<'_>, request: u64, argument: u64) -> Result<i64> {
    // SAFETY: callers pass requests that take no pointer.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), request, argument) }.into())
}

/// An ioctl that takes a number in memory, and leaves another one there.
pub(crate) fn ioctl_block(fd: BorrowedFd<'_>, request: u64, number: i32) -> Result<i32> {
    let mut number = number;
    // SAFETY: callers pass requests whose argument is an int.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), request, &mut number) }.into())?;
    Ok(number)
}

/// FS_IOC_ENABLE_VERITY, with SHA-256 and blocks of 4 KiB.
pub(crate) fn enable_verity(fd: BorrowedFd<'_>) -> Result<()> {
    const FS_IOC_ENABLE_VERITY: u64 = 0x4080_6685;
    let mut argument = [0u32; 32];
    // Version, algorithm, size of blocks; the rest is nothing.
    argument[..3].copy_from_slice(&[1, 1, 4096]);
    // SAFETY: the request reads 128 bytes, and what it would point to is of no length.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), FS_IOC_ENABLE_VERITY, &argument) }.into())?;
    Ok(())
}

/// FS_IOC_GETFSLABEL.
pub(crate) fn label(fd: BorrowedFd<'_>) -> Result<Vec<u8>> {
    const FS_IOC_GETFSLABEL: u64 = 0x8100_9431;
    let mut label = vec![0u8; 256];
    // SAFETY: the request writes at most FSLABEL_MAX = 256 bytes.
    let rc = unsafe { libc::ioctl(fd.as_raw_fd(), FS_IOC_GETFSLABEL, label.as_mut_ptr()) };
    check(rc.into())?;
    label.truncate(label.iter().position(|b| *b == 0).unwrap_or(256));
    Ok(label)
}

/// fcntl(2) with a number as its argument.
pub(crate) fn fcntl_number(fd: BorrowedFd<'_>, command: i32, argument: i32) -> Result<i64> {
    // SAFETY: callers pass commands that take no pointer.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), command, argument) }.into())
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Extent {
    logical: u64,
    physical: u64,
    length: u64,
    reserved64: [u64; 2],
    flags: u32,
    reserved: [u32; 3],
}

#[repr(C)]
struct Fiemap {
    start: u64,
    length: u64,
    flags: u32,
    mapped: u32,
    count: u32,
    reserved: u32,
    extents: [Extent; 64],
}

/// FS_IOC_FIEMAP: (logical, physical, length, flags) of the first 64 extents.
pub(crate) fn fiemap(fd: BorrowedFd<'_>) -> Result<Vec<(u64, u64, u64, u32)>> {
    let map = fiemap_of(fd, 64)?;
    let found = map.extents.iter().take(map.mapped as usize);
    Ok(found
        .map(|e| (e.logical, e.physical, e.length, e.flags))
        .collect())
}

/// FS_IOC_FIEMAP that only counts the extents, all of them.
pub(crate) fn fiemap_count(fd: BorrowedFd<'_>) -> Result<u32> {
    fiemap_of(fd, 0).map(|map| map.mapped)
}

fn fiemap_of(fd: BorrowedFd<'_>, count: u32) -> Result<Fiemap> {
    const FS_IOC_FIEMAP: u64 = 0xc020_660b;
    let none = Extent {
        logical: 0,
        physical: 0,
        length: 0,
        reserved64: [0; 2],
        flags: 0,
        reserved: [0; 3],
    };
    let mut map = Fiemap {
        start: 0,
        length: u64::MAX,
        flags: 0,
        mapped: 0,
        count: count.min(64),
        reserved: 0,
        extents: [none; 64],
    };
    // SAFETY: `map` has room for the extents that `count` announces.
    let rc = unsafe { libc::ioctl(fd.as_raw_fd(), FS_IOC_FIEMAP, &mut map) };
    check(rc.into())?;
    Ok(map)
}

#[repr(C)]
struct LoopConfig {
    fd: u32,
    block_size: u32,
    ids: [u64; 3],
    offset: u64,
    sizelimit: u64,
    number: u32,
    encrypt: [u32; 2],
    flags: u32,
    names: [u8; 160],
    init: [u64; 2],
    reserved: [u64; 8],
}

/// Attaches `image` to a free loop device that goes away with its last user.
pub(crate) fn attach_loop(image: BorrowedFd<'_>) -> Result<(OwnedFd, String)> {
    const LOOP_CTL_GET_FREE: u64 = 0x4c82;
    const LOOP_CONFIGURE: u64 = 0x4c0a;
    const READ_ONLY: u32 = 1;
    const AUTOCLEAR: u32 = 4;
    let rdwr = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC;
    let control = rustix::fs::open("/dev/loop-control", rdwr, rustix::fs::Mode::empty())?;
    loop {
        let number = ioctl_number(control.as_fd(), LOOP_CTL_GET_FREE, 0)?;
        let path = format!("/dev/loop{number}");
        let device = rustix::fs::open(&path, rdwr, rustix::fs::Mode::empty())?;
        let config = LoopConfig {
            fd: image.as_raw_fd() as u32,
            block_size: 0,
            ids: [0; 3],
            offset: 0,
            sizelimit: 0,
            number: 0,
            encrypt: [0; 2],
            flags: READ_ONLY | AUTOCLEAR,
            names: [0; 160],
            init: [0; 2],
            reserved: [0; 8],
        };
        // SAFETY: `config` is laid out as `struct loop_config`, which the kernel only reads.
        let rc = unsafe { libc::ioctl(device.as_raw_fd(), LOOP_CONFIGURE, &config) };
        match check(rc.into()) {
            Err(Errno::BUSY) => continue,
            other => other?,
        };
        // Opened anew for reading, before the writable handle goes: the last one detaches.
        let rdonly = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
        let handle = rustix::fs::open(&path, rdonly, rustix::fs::Mode::empty())?;
        return Ok((handle, path));
    }
}

/// LOOP_SET_DIRECT_IO.
pub(crate) fn loop_direct(device: BorrowedFd<'_>) -> Result<()> {
    const LOOP_SET_DIRECT_IO: u64 = 0x4c08;
    ioctl_number(device, LOOP_SET_DIRECT_IO, 1).map(drop)
}

/// An ioctl that is expected to fail, with room for what it writes if it does not.
pub(crate) fn ioctl_ignored(fd: BorrowedFd<'_>, request: u64) -> Result<()> {
    let mut argument = [0u64; 64];
    // SAFETY: callers pass requests whose argument is at most 512 bytes.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), request, argument.as_mut_ptr()) }.into()).map(drop)
}

/// An ioctl, and what it left in the 512 bytes that it was given.
pub(crate) fn ioctl_answer(fd: BorrowedFd<'_>, request: u64) -> Result<Vec<u8>> {
    let mut argument = vec![0u8; 512];
    // SAFETY: callers pass requests whose argument is at most 512 bytes.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), request, argument.as_mut_ptr()) }.into())?;
    Ok(argument)
}

/// readahead(2).
pub(crate) fn readahead(fd: BorrowedFd<'_>, offset: u64, len: usize) -> Result<()> {
    // SAFETY: touches no memory.
    check(unsafe { libc::readahead(fd.as_raw_fd(), offset as i64, len) } as i64).map(drop)
}

/// swapon(2).
pub(crate) fn swapon(path: &std::path::Path) -> Result<()> {
    let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes());
    let path = path.map_err(|_| Errno::INVAL)?;
    // SAFETY: the path is a C string.
    check(unsafe { libc::swapon(path.as_ptr(), 0) }.into()).map(drop)
}

/// vmsplice(2): the pages of `bytes`, by reference.
pub(crate) fn vmsplice(pipe: BorrowedFd<'_>, bytes: &[u8]) -> Result<()> {
    let part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: the range is readable; callers map files that do not change.
    let moved = check(unsafe { libc::vmsplice(pipe.as_raw_fd(), &part, 1, 0) } as i64)?;
    if moved as usize == bytes.len() {
        Ok(())
    } else {
        Err(Errno::AGAIN)
    }
}

/// memfd_create(2).
pub(crate) fn memory_file() -> Result<OwnedFd> {
    // SAFETY: the name is a C string; the new descriptor has no other owner.
    unsafe {
        let fd = check(libc::memfd_create(c"probe".as_ptr(), libc::MFD_CLOEXEC).into())?;
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}
