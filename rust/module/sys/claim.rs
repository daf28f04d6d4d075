// SPDX-License-Identifier: GPL-2.0

//! Something that one of many takes.

use core::cell::UnsafeCell;
use kernel::sync::atomic::{
    Atomic,
    Full,
    Relaxed, //
};

/// A value until somebody takes it.
///
/// # Invariants
///
/// Whoever sets `taken` is alone with `value`, once.
pub(crate) struct Claim<T> {
    taken: Atomic<i32>,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the value goes to one thread.
unsafe impl<T: Send> Sync for Claim<T> {}

impl<T> Claim<T> {
    /// Not taken.
    pub(crate) fn new(value: T) -> Self {
        // INVARIANT: nobody has.
        Self {
            taken: Atomic::new(0),
            value: UnsafeCell::new(Some(value)),
        }
    }

    /// Whether it was taken.
    pub(crate) fn is_taken(&self) -> bool {
        self.taken.load(Relaxed) != 0
    }

    /// Takes it, if nobody else has.
    pub(crate) fn take(&self) -> Option<T> {
        if self.taken.xchg(1, Full) != 0 {
            return None;
        }
        // SAFETY: by the type invariant.
        unsafe { (*self.value.get()).take() }
    }
}
