// SPDX-License-Identifier: GPL-2.0

//! Something to be done soon, by a worker of the system.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use crate::bindings;
use core::marker::PhantomPinned;
use kernel::{
    container_of,
    prelude::*,
    types::Opaque, //
};

/// What is to be done.
pub(crate) trait Run: Send + Sync + 'static {
    /// Does it. May sleep, but memory is not reclaimed by it: the system's queue has no rescuer.
    fn run(&self);
}

/// A piece of work: at most one thread does it at a time.
///
/// # Invariants
///
/// `work` is initialised; it is not queued any more once this is dropped.
#[pin_data(PinnedDrop)]
pub(crate) struct Work<T: Run> {
    #[pin]
    work: Opaque<bindings::work_struct>,
    task: T,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: C locks the work, and `T` is Sync.
unsafe impl<T: Run> Sync for Work<T> {}
// SAFETY: as above.
unsafe impl<T: Run> Send for Work<T> {}

impl<T: Run> Work<T> {
    /// Work that is not queued.
    pub(crate) fn new(task: T) -> impl PinInit<Self> {
        pin_init!(Self {
            work <- Opaque::ffi_init(|work| {
                // SAFETY: `work` is valid for writes, and stays where it is.
                unsafe { bindings::cofs_init_work(work, Some(Self::run)) }
            }),
            task,
            _pin: PhantomPinned,
        })
    }

    /// Has it done soon, once, if it is not yet under way. Does not sleep or allocate.
    pub(crate) fn schedule(&self) {
        // SAFETY: the queue is the system's, and the work stays until it is cancelled.
        unsafe {
            bindings::queue_work_on(
                bindings::COFS_WORK_CPU_UNBOUND,
                bindings::system_dfl_wq,
                self.work.get(),
            );
        }
    }

    /// # Safety
    ///
    /// Called by the workqueue.
    unsafe extern "C" fn run(work: *mut bindings::work_struct) {
        // CAST: `Opaque` is transparent.
        let work = work.cast::<Opaque<bindings::work_struct>>();
        // SAFETY: by the type invariant the work is alive.
        unsafe { (*container_of!(work, Self, work)).task.run() };
    }
}

#[pinned_drop]
impl<T: Run> PinnedDrop for Work<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: nobody queues it any more; this waits for a run under way.
        unsafe { bindings::cancel_work_sync(self.work.get()) };
    }
}
