// SPDX-License-Identifier: GPL-2.0

//! Waiting for a device, until a signal kills.
//!
//! C header: [`include/linux/completion.h`](srctree/include/linux/completion.h)

use crate::bindings;
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// `struct completion`.
#[pin_data]
pub(crate) struct Killable {
    #[pin]
    inner: Opaque<bindings::completion>,
}

// SAFETY: C locks it.
unsafe impl Send for Killable {}
// SAFETY: as above.
unsafe impl Sync for Killable {}

impl Killable {
    /// Not complete.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            inner <- Opaque::ffi_init(|slot| {
                // SAFETY: `slot` is valid for writes, and stays where it is.
                unsafe { bindings::cofs_init_completion(slot) }
            }),
        })
    }

    /// From here on nobody waits. Any context.
    pub(crate) fn complete_all(&self) {
        // SAFETY: initialised.
        unsafe { bindings::complete_all(self.inner.get()) };
    }

    /// Waits; EINTR where a signal kills this thread, if it is `killable`.
    pub(crate) fn wait(&self, killable: bool) -> Result {
        // SAFETY: initialised; it is freed by the last reference, which may not be the completer's,
        // and C's lock is let go before a waiter returns.
        unsafe {
            if killable {
                to_result(bindings::wait_for_completion_killable(self.inner.get()))
            } else {
                bindings::wait_for_completion_io(self.inner.get());
                Ok(())
            }
        }
    }
}
