// SPDX-License-Identifier: GPL-2.0
//! Reads that are under way while their caller does something else: io_submit(2), io_uring(7).

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::null_mut;
use std::sync::atomic::{fence, Ordering};

use rustix::io::{Errno, Result};

use super::{check, PAGE};

/// Aligned as O_DIRECT wants it.
#[repr(C, align(4096))]
#[derive(Clone)]
struct Page([u8; PAGE]);

/// A read of whole pages, and what it gave.
pub(crate) struct Read {
    pub(crate) offset: u64,
    buffer: Vec<Page>,
    /// What the kernel said: a length or an error.
    said: i64,
}

impl Read {
    pub(crate) fn new(offset: u64, pages: usize) -> Read {
        Read {
            offset,
            buffer: vec![Page([0; PAGE]); pages],
            said: i64::MIN,
        }
    }

    fn len(&self) -> usize {
        self.buffer.len() * PAGE
    }

    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        match usize::try_from(self.said) {
            Ok(len) => Ok(self.buffer.iter().flat_map(|p| p.0).take(len).collect()),
            Err(_) => Err(Errno::from_raw_os_error(-self.said as i32)),
        }
    }
}

/// `struct iocb`.
#[repr(C)]
struct Iocb {
    data: u64,
    key: u32,
    rw_flags: u32,
    opcode: u16,
    priority: i16,
    fd: u32,
    buffer: u64,
    len: u64,
    offset: i64,
    reserved: u64,
    flags: u32,
    resfd: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Event {
    data: u64,
    iocb: u64,
    result: i64,
    result2: i64,
}

/// Submits `reads`, closes `file`, runs `meanwhile` and waits for all.
pub(crate) fn by_aio(file: OwnedFd, reads: &mut [Read], meanwhile: impl FnOnce()) -> Result<()> {
    const IOCB_CMD_PREAD: u16 = 0;
    let mut context: u64 = 0;
    // SAFETY: the kernel writes one word.
    check(unsafe { libc::syscall(libc::SYS_io_setup, reads.len(), &mut context) })?;
    let mut blocks: Vec<Iocb> = reads
        .iter_mut()
        .enumerate()
        .map(|(i, read)| Iocb {
            data: i as u64,
            key: 0,
            rw_flags: 0,
            opcode: IOCB_CMD_PREAD,
            priority: 0,
            fd: file.as_raw_fd() as u32,
            buffer: read.buffer.as_mut_ptr() as u64,
            len: read.len() as u64,
            offset: read.offset as i64,
            reserved: 0,
            flags: 0,
            resfd: 0,
        })
        .collect();
    let pointers: Vec<*mut Iocb> = blocks.iter_mut().map(|b| &raw mut *b).collect();
    let mut events = vec![Event::default(); reads.len()];
    // SAFETY: the buffers are borrowed until io_destroy, which waits for what is under way.
    unsafe {
        let submit = libc::SYS_io_submit;
        let submitted = check(libc::syscall(
            submit,
            context,
            pointers.len(),
            pointers.as_ptr(),
        ));
        drop(file);
        meanwhile();
        let wait = *submitted.as_ref().unwrap_or(&0);
        let (get, none) = (libc::SYS_io_getevents, null_mut::<u8>());
        let got = libc::syscall(get, context, wait, wait, events.as_mut_ptr(), none);
        let got = check(got);
        libc::syscall(libc::SYS_io_destroy, context);
        if submitted? as usize != reads.len() || got? as usize != reads.len() {
            return Err(Errno::AGAIN);
        }
    }
    for event in events {
        reads[event.data as usize].said = event.result;
    }
    Ok(())
}

#[repr(C)]
#[derive(Default)]
struct SubmissionOffsets {
    head: u32,
    tail: u32,
    mask: u32,
    entries: u32,
    flags: u32,
    dropped: u32,
    array: u32,
    reserved: u32,
    address: u64,
}

#[repr(C)]
#[derive(Default)]
struct CompletionOffsets {
    head: u32,
    tail: u32,
    mask: u32,
    entries: u32,
    overflow: u32,
    entry: u32,
    flags: u32,
    reserved: u32,
    address: u64,
}

/// `struct io_uring_params`.
#[repr(C)]
#[derive(Default)]
struct Parameters {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    thread_cpu: u32,
    thread_idle: u32,
    features: u32,
    wq_fd: u32,
    reserved: [u32; 3],
    sq: SubmissionOffsets,
    cq: CompletionOffsets,
}

/// `struct io_uring_sqe`.
#[repr(C)]
#[derive(Default)]
struct Submission {
    opcode: u8,
    flags: u8,
    priority: u16,
    fd: i32,
    offset: u64,
    address: u64,
    len: u32,
    rw_flags: u32,
    data: u64,
    more: [u64; 3],
}

#[repr(C)]
struct Completion {
    data: u64,
    result: i32,
    flags: u32,
}

const IOSQE_ASYNC: u8 = 1 << 4;

/// As `by_aio`, for at most 64 reads; every other one must not be tried inline. Those look up
/// their descriptor late: the file is closed last.
pub(crate) fn by_ring(file: OwnedFd, reads: &mut [Read], meanwhile: impl FnOnce()) -> Result<()> {
    let flags = |i| if i % 2 == 0 { IOSQE_ASYNC } else { 0 };
    ring(file, reads, flags, |_| meanwhile())
}

/// Submits `reads`, at most 64, and says how many had completed when io_uring_enter(2) returned.
pub(crate) fn inline_by_ring(file: OwnedFd, reads: &mut [Read]) -> Result<u32> {
    let mut completed = 0;
    ring(file, reads, |_| 0, |now| completed = now)?;
    Ok(completed)
}

fn ring(
    file: OwnedFd,
    reads: &mut [Read],
    flags: impl Fn(usize) -> u8,
    submitted: impl FnOnce(u32),
) -> Result<()> {
    const ENTRIES: u32 = 64;
    const IORING_OP_READ: u8 = 22;
    const SUBMISSIONS: i64 = 0x1000_0000;
    let count = reads.len() as u32;
    assert!(count <= ENTRIES);
    let mut p = Parameters::default();
    // SAFETY: the kernel fills in `struct io_uring_params`; the descriptor is new. The rings are
    // mapped with the sizes that it says and unmapped nowhere: they are few. Nobody but this
    // thread and the kernel uses them, and the buffers are borrowed until all has completed.
    unsafe {
        let fd = check(libc::syscall(libc::SYS_io_uring_setup, ENTRIES, &mut p))?;
        let ring = OwnedFd::from_raw_fd(fd as i32);
        let map = |len: usize, offset: i64| {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_SHARED | libc::MAP_POPULATE;
            let at = libc::mmap(null_mut(), len, protection, flags, ring.as_raw_fd(), offset);
            check(if at == libc::MAP_FAILED { -1 } else { 0 }).map(|_| at.cast::<u8>())
        };
        // Both rings lie in one mapping since Linux 5.4.
        let end = p.cq.entry as usize + p.cq_entries as usize * size_of::<Completion>();
        let rings = map(end.max((p.sq.array + 4 * p.sq_entries) as usize), 0)?;
        let entries = map(p.sq_entries as usize * 64, SUBMISSIONS)?.cast::<Submission>();
        for (i, read) in reads.iter_mut().enumerate() {
            entries.add(i).write(Submission {
                opcode: IORING_OP_READ,
                flags: flags(i),
                fd: file.as_raw_fd(),
                offset: read.offset,
                address: read.buffer.as_mut_ptr() as u64,
                len: read.len() as u32,
                data: i as u64,
                ..Submission::default()
            });
            let array = rings.add(p.sq.array as usize).cast::<u32>();
            array.add(i).write_volatile(i as u32);
        }
        fence(Ordering::Release);
        let word = |at: u32| rings.add(at as usize).cast::<u32>();
        word(p.sq.tail).write_volatile(count);
        let enter = |submit: u32, wait: u32| {
            let number = libc::SYS_io_uring_enter;
            // IORING_ENTER_GETEVENTS.
            let get_events = u32::from(wait > 0);
            let rc = libc::syscall(
                number,
                ring.as_raw_fd(),
                submit,
                wait,
                get_events,
                null_mut::<u8>(),
                0,
            );
            check(rc)
        };
        enter(count, 0)?;
        submitted(word(p.cq.tail).read_volatile());
        while word(p.cq.tail).read_volatile() < count {
            match enter(0, count) {
                Err(Errno::INTR) => {}
                other => drop(other?),
            }
        }
        drop(file);
        fence(Ordering::Acquire);
        let completions = rings.add(p.cq.entry as usize).cast::<Completion>();
        for i in 0..count as usize {
            let done = completions.add(i).read_volatile();
            reads[done.data as usize].said = done.result.into();
        }
    }
    Ok(())
}
