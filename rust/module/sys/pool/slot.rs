// SPDX-License-Identifier: GPL-2.0

//! The places of a pool, each of which one thread has at a time.

use super::{
    Item,
    Pool,
    IDLE, //
};
use core::{
    cell::UnsafeCell,
    ops::Deref, //
};
use kernel::{
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed, //
    },
    types::NotThreadSafe, //
};

/// A place for an item, in a cache line of its own.
///
/// # Invariants
///
/// `item` belongs to whoever made `busy` true.
#[repr(align(64))]
pub(super) struct Slot<T> {
    busy: Atomic<bool>,
    /// Whether it was taken since the last look at what is idle.
    pub(super) used: Atomic<bool>,
    /// The size of the item, 0 without one. For a look from outside.
    size: Atomic<usize>,
    item: UnsafeCell<Option<T>>,
}

// SAFETY: by the invariant, one thread at a time has the item.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T: Item> Slot<T> {
    /// A slot without an item.
    pub(super) fn new() -> Self {
        Self {
            busy: Atomic::new(false),
            used: Atomic::new(false),
            size: Atomic::new(0),
            item: UnsafeCell::new(None),
        }
    }

    /// The greatest need that its item served when last looked at.
    pub(super) fn size(&self) -> usize {
        self.size.load(Relaxed)
    }

    /// The slot, if it is free.
    #[inline]
    pub(super) fn lock<'a>(&'a self, pool: &'a Pool<T>) -> Option<Locked<'a, T>> {
        // A look first, for the others' cache lines.
        if self.busy.load(Relaxed) || self.busy.cmpxchg(false, true, Acquire).is_err() {
            return None;
        }
        // INVARIANT: we made `busy` true.
        Some(Locked {
            pool,
            slot: self,
            _thread: NotThreadSafe,
        })
    }

    /// The item, if it serves `need` and is free.
    #[inline]
    pub(super) fn take<'a>(&'a self, pool: &'a Pool<T>, need: usize) -> Option<Taken<'a, T>> {
        if self.size() < need {
            return None;
        }
        // It may have changed meanwhile.
        let taken = self.lock(pool)?.serve(need).ok()?;
        if !self.used.load(Relaxed) {
            self.used.store(true, Relaxed);
        }
        Some(taken)
    }
}

/// A slot that is given back when this is dropped.
///
/// # Invariants
///
/// We made `slot.busy` true.
pub(super) struct Locked<'a, T: Item> {
    pool: &'a Pool<T>,
    slot: &'a Slot<T>,
    _thread: NotThreadSafe,
}

impl<'a, T: Item> Locked<'a, T> {
    /// Replaces what the slot has.
    fn replace(&self, item: Option<T>) {
        let (new, old) = (item.as_ref().map_or(0, T::size), self.slot.size());
        // SAFETY: by the type invariant the item is ours, and no reference to it is about.
        drop(unsafe { core::mem::replace(&mut *self.slot.item.get(), item) });
        self.slot.size.store(new, Relaxed);
        self.slot.used.store(true, Relaxed);
        let pool = self.pool;
        pool.bytes.fetch_sub(old, Relaxed);
        pool.raise_peak(pool.bytes.fetch_add(new, Relaxed).wrapping_add(new));
    }

    /// Puts `item` there, for as long as it is of use.
    pub(super) fn put(self, item: T) -> Taken<'a, T> {
        self.replace(Some(item));
        self.pool.queue(&self.pool.trim, IDLE);
        // INVARIANT: there is one now.
        Taken(self)
    }

    /// Frees what is there.
    pub(super) fn clear(self) {
        self.replace(None);
    }

    /// The item, if it serves `need`.
    pub(super) fn serve(self, need: usize) -> core::result::Result<Taken<'a, T>, Self> {
        if self.slot.size() == 0 || self.slot.size() < need {
            return Err(self);
        }
        // INVARIANT: only an item has a size.
        Ok(Taken(self))
    }
}

impl<T: Item> Drop for Locked<'_, T> {
    fn drop(&mut self) {
        // With a barrier, for `wake`.
        self.slot.busy.xchg(false, Full);
        self.pool.wake();
    }
}

/// An item that is given back when this is dropped.
///
/// # Invariants
///
/// The slot has an item.
pub(in crate::sys) struct Taken<'a, T: Item>(Locked<'a, T>);

impl<T: Item> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: by the invariants the item is there and ours; who replaces it consumes `self`.
        unsafe { (*self.0.slot.item.get()).as_ref().unwrap_unchecked() }
    }
}
