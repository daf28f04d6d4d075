// SPDX-License-Identifier: GPL-2.0

//! The highest that a number has been.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// A number that only rises.
pub(super) struct Highest(Atomic<u64>);

impl Highest {
    /// Starts at `least`.
    pub(super) const fn new(least: u64) -> Self {
        Self(Atomic::new(least))
    }

    /// Notes that the number is `now`.
    pub(super) fn raise(&self, now: u64) {
        let mut old = self.0.load(Relaxed);
        while old < now {
            match self.0.cmpxchg(old, now, Relaxed) {
                Ok(_) => return,
                Err(other) => old = other,
            }
        }
    }

    /// The highest so far.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
