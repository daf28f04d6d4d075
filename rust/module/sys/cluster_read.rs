// SPDX-License-Identifier: GPL-2.0

//! Reads of bytes that are to be decoded: into memory that is somebody's, which learns from each
//! bio when it is through.
//!
//! C header: [`include/linux/bio.h`](srctree/include/linux/bio.h)

use super::{
    backing::{
        At,
        Backing, //
    },
    bio::{
        start_device,
        submit,
        Owner,
        Purpose,
        RAHEAD,
        SECTOR_SIZE, //
    },
    completion::Killable,
    file_read::FileRead,
    flights::Flights,
    span::Target, //
};
use crate::bindings;
use core::{
    ops::Range,
    ptr::NonNull, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc, //
    }, //
};

/// One bio, to whoever waits for it.
#[pin_data]
pub(crate) struct Read {
    flights: Arc<Flights>,
    /// 1 while it is under way, then 0 or a negative errno.
    status: Atomic<i32>,
    #[pin]
    done: Killable,
}

impl Read {
    fn new(flights: Arc<Flights>) -> Result<Arc<Self>> {
        let read = pin_init!(Self {
            flights,
            status: Atomic::new(1),
            done <- Killable::new(),
        });
        Arc::pin_init(read, GFP_KERNEL)
    }

    /// What came of it, if it has ended.
    pub(crate) fn outcome(&self) -> Option<Result> {
        match self.status.load(Acquire) {
            1 => None,
            0 => Some(Ok(())),
            errno => Some(Err(Error::from_errno(errno))),
        }
    }

    /// Waits for the end; EINTR where a signal kills this thread, if it is `killable`.
    pub(crate) fn wait(&self, killable: bool) -> Result {
        if self.status.load(Acquire) == 1 {
            self.done.wait(killable)?;
        }
        Ok(())
    }
}

impl Owner for Read {
    const PIECES: bool = false;

    fn begin(&self) {
        self.flights.begin();
    }

    fn end(this: Arc<Self>, result: Result, _demand: bool) {
        let status = result.map_or_else(|e| e.to_errno(), |()| 0);
        this.status.store(status, Release);
        this.done.complete_all();
        let flights = this.flights.clone();
        drop(this);
        flights.end();
    }
}

/// Collects memory into bios, and submits a bio where the next read does not adjoin.
pub(crate) struct Reads {
    flights: Arc<Flights>,
    bio: Option<(NonNull<bindings::bio>, Backing)>,
    purpose: Purpose,
    /// Byte on the device after the last read.
    next: u64,
    reads: KVVec<Arc<Read>>,
}

impl Reads {
    /// Nothing yet, of a mount whose flights are counted by `flights`.
    pub(crate) fn new(purpose: Purpose, flights: Arc<Flights>) -> Self {
        Self {
            flights,
            bio: None,
            purpose,
            next: 0,
            reads: KVVec::new(),
        }
    }

    /// Adds a read of `target.len()` bytes at `from`; `left` is how many are still to come, with
    /// these. Gives the number of the bio that carries them.
    ///
    /// `target` must be in the direct map, and stay the caller's until that bio has ended, whatever
    /// happens.
    pub(crate) fn add(&mut self, target: &Target<'_>, from: At, left: u64) -> Result<usize> {
        let (pos, len) = (from.pos, target.len());
        if pos % SECTOR_SIZE != 0 || len == 0 || len as u64 % SECTOR_SIZE != 0 {
            return Err(EINVAL);
        }
        if self
            .bio
            .is_some_and(|(_, other)| other != from.backing || pos != self.next)
        {
            self.submit();
        }
        // SAFETY: what is read into is in the direct map, and so has pages in a row.
        let page = unsafe { bindings::cofs_virt_to_page(target.as_ptr().cast()) };
        let at = target.as_ptr() as usize % PAGE_SIZE;
        loop {
            let bio = match self.bio {
                Some((bio, _)) => bio,
                None => self.start(from.backing, pos, left)?,
            };
            // SAFETY: the bio is ours, and the memory stays the caller's until it ends.
            let added =
                unsafe { bindings::bio_add_page(bio.as_ptr(), page, len as u32, at as u32) };
            if added as usize == len {
                self.next = pos.wrapping_add(len as u64);
                return Ok(self.reads.len().saturating_sub(1));
            }
            self.submit();
        }
    }

    fn start(&mut self, backing: Backing, pos: u64, left: u64) -> Result<NonNull<bindings::bio>> {
        let mut flags = bindings::req_op_REQ_OP_READ;
        if self.purpose == Purpose::Readahead {
            flags |= RAHEAD;
        }
        let read = Read::new(self.flights.clone())?;
        self.reads.push(read.clone(), GFP_KERNEL)?;
        read.begin();
        let bio = match backing {
            Backing::Device(device) => start_device(device, pos, left, flags, &read),
            Backing::File(file) => FileRead::start(file, pos, flags, read.clone()),
        };
        let bio = bio.inspect_err(|e| Read::end(read, Err(*e), false))?;
        self.bio = Some((bio, backing));
        Ok(bio)
    }

    /// Submits what was collected.
    pub(crate) fn submit(&mut self) {
        if let Some((bio, backing)) = self.bio.take() {
            // SAFETY: the bio is from `start`, complete, and taken once.
            unsafe { submit::<Read>(bio, backing) };
        }
    }

    /// The bios with these numbers.
    pub(crate) fn get(&self, numbers: Range<usize>) -> &[Arc<Read>] {
        self.reads.get(numbers).unwrap_or_default()
    }

    /// Submits the rest, and gives all bios in the order of their numbers.
    pub(crate) fn finish(mut self) -> KVVec<Arc<Read>> {
        self.submit();
        core::mem::take(&mut self.reads)
    }
}

impl Drop for Reads {
    fn drop(&mut self) {
        self.submit();
    }
}
