// SPDX-License-Identifier: GPL-2.0

//! Bios that failed end in a worker: whoever is told of it may sleep there, and take locks that
//! are none of an interrupt's.
//!
//! The worker has a queue, and with it a rescuer, of its own, and nothing that it does waits for a
//! read: whoever does may wait for it.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use super::work::Queue;
use crate::bindings;
use core::{
    marker::PhantomPinned,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    },
    types::Opaque, //
};

/// The list's head: the address of a bio, 0 where there is none. `bi_next` links them, which is
/// the owner's once a bio has ended. An interrupt adds to it, without a lock or an allocation.
static HEAD: Atomic<usize> = Atomic::new(0);

/// The address of the running [`Worker`], 0 where there is none.
static WORKER: Atomic<usize> = Atomic::new(0);

/// The worker. There is one, while the module has its internal mount.
#[pin_data(PinnedDrop)]
pub(crate) struct Worker {
    queue: Queue,
    #[pin]
    work: Opaque<bindings::work_struct>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: C locks both fields.
unsafe impl Sync for Worker {}
// SAFETY: as above.
unsafe impl Send for Worker {}

impl Worker {
    /// Starts it.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            queue: Queue::new()?,
            work <- Opaque::ffi_init(|work| {
                // SAFETY: `work` is valid for writes, and stays where it is.
                unsafe { bindings::cofs_init_work(work, Some(end_all)) }
            }),
            _pin: PhantomPinned,
        }? Error)
        .pin_chain(|this| {
            WORKER.store(core::ptr::from_ref(&*this).expose_provenance(), Relaxed);
            Ok(())
        })
    }
}

#[pinned_drop]
impl PinnedDrop for Worker {
    fn drop(self: Pin<&mut Self>) {
        // No image is mounted any more, so that nothing queues; this waits for the rest.
        self.queue.flush();
        WORKER.store(0, Relaxed);
    }
}

/// Has the worker call `end` with `bio`. Any context.
///
/// # Safety
///
/// The bio has ended, and is the caller's; its owner keeps a mount alive until `end` is through.
pub(super) unsafe fn later(
    bio: NonNull<bindings::bio>,
    end: unsafe extern "C" fn(*mut bindings::bio),
) {
    // SAFETY: by the function's requirement.
    unsafe { (*bio.as_ptr()).bi_end_io = Some(end) };
    let mut head = HEAD.load(Relaxed);
    loop {
        // SAFETY: as above.
        unsafe { (*bio.as_ptr()).bi_next = core::ptr::with_exposed_provenance_mut(head) };
        match HEAD.cmpxchg(head, bio.as_ptr().expose_provenance(), Full) {
            Ok(_) => break,
            Err(now) => head = now,
        }
    }
    let worker = core::ptr::with_exposed_provenance::<Worker>(WORKER.load(Relaxed));
    // SAFETY: the worker lives while an image is mounted; the bio is not ours any more.
    unsafe {
        bindings::queue_work_on(
            bindings::COFS_WORK_CPU_UNBOUND,
            (*worker).queue.as_ptr(),
            (*worker).work.get(),
        );
    }
}

/// Ends all bios that are on the list.
///
/// # Safety
///
/// Called by the workqueue.
unsafe extern "C" fn end_all(_work: *mut bindings::work_struct) {
    let mut at = core::ptr::with_exposed_provenance_mut::<bindings::bio>(HEAD.xchg(0, Full));
    while !at.is_null() {
        // SAFETY: bios on the list are ours, and carry their end; what links them is a bio or null.
        unsafe {
            let bio = at;
            at = (*bio).bi_next;
            (*bio).bi_next = core::ptr::null_mut();
            if let Some(end) = (*bio).bi_end_io {
                end(bio);
            }
        }
    }
}
