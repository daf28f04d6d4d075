// SPDX-License-Identifier: GPL-2.0

//! Pages for a while: for bytes to decode that do not fit where they are decoded to, and for
//! decoded bytes that nobody wants. A mount has as many as its [`Budget`] allows.
//!
//! C header: [`include/linux/gfp.h`](srctree/include/linux/gfp.h)

use super::{
    highest::Highest,
    span::Target,
    virtual_range::PageRef, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    new_condvar,
    new_spinlock,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        Arc,
        CondVar,
        SpinLock, //
    }, //
};

/// As many pages are tried to be had in one piece: 2 to the power of this.
const ORDER: u32 = 4;

/// How many bytes of temporary pages a mount may have.
#[pin_data]
pub(crate) struct Budget {
    used: Atomic<i64>,
    peak: Highest,
    /// The most bytes that a cluster was seen to decode to.
    largest: Highest,
    #[pin]
    lock: SpinLock<()>,
    #[pin]
    given: CondVar,
}

/// What somebody does where the budget is used up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Something else: EBUSY.
    None,
    /// Waits until others give theirs back. They must not wait for it.
    Waits,
    /// Takes it anyway.
    Over,
}

impl Budget {
    /// None in use.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            used: Atomic::new(0),
            peak: Highest::new(0),
            largest: Highest::new(PAGE_SIZE as u64),
            lock <- new_spinlock!(()),
            given <- new_condvar!(),
        })
    }

    /// A cluster of the mount decodes to `len` bytes.
    pub(crate) fn saw(&self, len: u64) {
        self.largest.raise(len);
    }

    /// How many bytes may be in use: twice the largest cluster for each CPU.
    pub(crate) fn limit(&self) -> i64 {
        // SAFETY: reads a number.
        let cpus = unsafe { bindings::cofs_num_online_cpus() };
        (self.largest.get() as i64)
            .saturating_mul(2)
            .saturating_mul(cpus.into())
    }

    /// How many bytes are in use, and how many have been at most.
    pub(crate) fn usage(&self) -> (i64, i64) {
        (self.used.load(Relaxed), self.peak.get() as i64)
    }

    /// Takes `len` bytes of the budget.
    fn take(&self, len: i64, patience: Patience) -> Result {
        if !self.try_take(len, patience == Patience::Over) {
            if patience == Patience::None {
                return Err(EBUSY);
            }
            let mut guard = self.lock.lock();
            while !self.try_take(len, false) {
                self.given.wait(&mut guard);
            }
        }
        self.peak.raise(self.used.load(Relaxed) as u64);
        Ok(())
    }

    fn try_take(&self, len: i64, over: bool) -> bool {
        let limit = self.limit();
        let mut old = self.used.load(Relaxed);
        loop {
            let now = old.saturating_add(len);
            // What is more than all that there may be is had alone.
            if now > limit && old != 0 && !over {
                return false;
            }
            match self.used.cmpxchg(old, now, Full) {
                Ok(_) => return true,
                Err(other) => old = other,
            }
        }
    }

    fn give_back(&self, len: i64) {
        self.used.fetch_sub(len, Full);
        // Whoever has just found too little is in the queue when the lock is free.
        drop(self.lock.lock());
        self.given.notify_all();
    }
}

/// Temporary pages.
///
/// # Invariants
///
/// Each chunk is the address of pages of its order, which are ours, in the direct map.
pub(crate) struct Temporary {
    chunks: KVec<(NonNull<u8>, u32)>,
    len: usize,
    budget: Arc<Budget>,
}

// SAFETY: the pages are ours.
unsafe impl Send for Temporary {}
// SAFETY: as above; who writes to them has a `Target`.
unsafe impl Sync for Temporary {}

impl Temporary {
    /// At least `len` bytes.
    ///
    /// May sleep for memory, but not in file systems.
    pub(crate) fn new(len: usize, budget: &Arc<Budget>, patience: Patience) -> Result<Self> {
        let pages = len.div_ceil(PAGE_SIZE);
        let len = pages.checked_mul(PAGE_SIZE).ok_or(EINVAL)?;
        budget.take(len as i64, patience)?;
        let mut new = Self {
            chunks: KVec::new(),
            len,
            budget: budget.clone(),
        };
        let mut left = pages;
        while left != 0 {
            let mut order = left.ilog2().min(ORDER);
            let address = loop {
                let gfp = if order == 0 {
                    bindings::COFS_GFP_NOFS
                } else {
                    bindings::COFS_GFP_READ
                };
                // SAFETY: allocates, in a context that may sleep.
                let address = unsafe { bindings::cofs_get_free_pages(gfp, order) };
                match NonNull::new(address.cast()) {
                    Some(address) => break address,
                    None if order == 0 => return Err(ENOMEM),
                    None => order = 0,
                }
            };
            if let Err(e) = new.chunks.push((address, order), GFP_KERNEL) {
                // SAFETY: just allocated.
                unsafe { bindings::cofs_free_pages(address.as_ptr().cast(), order) };
                return Err(e.into());
            }
            left -= 1 << order;
        }
        Ok(new)
    }

    /// How many pages there are.
    pub(crate) fn pages(&self) -> usize {
        self.len / PAGE_SIZE
    }

    /// Shows `see` the pieces of the first `len` bytes.
    pub(crate) fn each<'a>(&'a self, len: usize, mut see: impl FnMut(Target<'a>)) {
        let mut left = len.min(self.len);
        for &(address, order) in &self.chunks {
            let now = left.min(PAGE_SIZE << order);
            if now == 0 {
                break;
            }
            // SAFETY: by the type invariant.
            see(unsafe { Target::from_raw(address, now) });
            left -= now;
        }
    }

    /// The first `len` bytes, if they are in one piece.
    pub(crate) fn contiguous(&self, len: usize) -> Option<Target<'_>> {
        let &(address, order) = self.chunks.first()?;
        // SAFETY: by the type invariant.
        (len <= PAGE_SIZE << order).then(|| unsafe { Target::from_raw(address, len) })
    }

    /// Page number `index`.
    pub(crate) fn page(&self, mut index: usize) -> Option<PageRef<'_>> {
        for &(address, order) in &self.chunks {
            if index < 1 << order {
                // SAFETY: by the type invariant; such an address has a page, which is ours.
                unsafe {
                    let at = address.as_ptr().add(index * PAGE_SIZE);
                    let page = bindings::cofs_virt_to_page(at.cast());
                    return Some(PageRef::from_raw(NonNull::new(page)?));
                }
            }
            index -= 1 << order;
        }
        None
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        for &(address, order) in &self.chunks {
            // SAFETY: by the type invariant.
            unsafe { bindings::cofs_free_pages(address.as_ptr().cast(), order) };
        }
        self.budget.give_back(self.len as i64);
    }
}
