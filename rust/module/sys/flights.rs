// SPDX-License-Identifier: GPL-2.0

//! Users of something that goes away, which waits for them.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        Completion, //
    }, //
};

/// Set once no further flight may begin.
const CLOSED: i64 = 1 << 62;

/// Counts the reads under way on a mount: bios, and fills on behalf of other mounts.
///
/// A plain counter, for a percpu_ref costs each umount a grace period of RCU. It is apart from the
/// mount, whose memory may not be freed in an interrupt: the last flight may see the mount go.
#[pin_data]
pub(crate) struct Flights {
    /// The count, and [`CLOSED`].
    state: Atomic<i64>,
    #[pin]
    drained: Completion,
}

impl Flights {
    /// None under way.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state: Atomic::new(0),
            drained <- Completion::new(),
        })
    }

    /// Begins a flight on a mount that cannot be closed meanwhile: an open file of it, or a
    /// flight, holds it.
    pub(crate) fn begin(&self) {
        self.state.fetch_add(1, Full);
    }

    /// Begins a flight unless the mount is going away.
    pub(crate) fn try_begin(&self) -> bool {
        let open = self.state.fetch_add(1, Full) & CLOSED == 0;
        if !open {
            self.end();
        }
        open
    }

    /// How many are under way.
    pub(crate) fn count(&self) -> i64 {
        self.state.load(Relaxed) & !CLOSED
    }

    /// Ends a flight.
    pub(crate) fn end(&self) {
        if self.state.fetch_sub(1, Full) == CLOSED + 1 {
            self.drained.complete_all();
        }
    }

    /// Lets no further flight begin, and waits for those under way.
    pub(crate) fn close(&self) {
        if self.state.fetch_add(CLOSED, Full) != 0 {
            self.drained.wait_for_completion();
        }
    }
}
