// SPDX-License-Identifier: GPL-2.0

//! Folios whose filling failed, and the worker that tries again. They stay locked meanwhile. It
//! ends failed bios, too.
//!
//! A filling may end in an interrupt, so folios are handed over without a lock or an allocation:
//! a list through `folio->private`, which is the file system's while the folio is locked.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use super::failed_bio;
use crate::{
    bindings,
    vfs::{
        address_space,
        folio::LockedFolio, //
    }, //
};
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

/// The list's head: the address of a folio, 0 where there is none.
static HEAD: Atomic<usize> = Atomic::new(0);

/// The address of the running [`Worker`], 0 where there is none.
static WORKER: Atomic<usize> = Atomic::new(0);

/// The worker. There is one, while the module has its internal mount.
#[pin_data(PinnedDrop)]
pub(crate) struct Worker {
    queue: NonNull<bindings::workqueue_struct>,
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
            queue: {
                // SAFETY: makes a queue; its name is copied.
                NonNull::new(unsafe { bindings::cofs_alloc_workqueue() }).ok_or(ENOMEM)?
            },
            work <- Opaque::ffi_init(|work| {
                // SAFETY: `work` is valid for writes, and stays where it is.
                unsafe { bindings::cofs_init_work(work, Some(run)) }
            }),
            _pin: PhantomPinned,
        }? Error)
        .pin_chain(|this| {
            WORKER.store(core::ptr::from_ref(&*this).addr(), Relaxed);
            Ok(())
        })
    }
}

#[pinned_drop]
impl PinnedDrop for Worker {
    fn drop(self: Pin<&mut Self>) {
        WORKER.store(0, Relaxed);
        // SAFETY: no image is mounted any more, so that nothing queues; this waits for the rest.
        unsafe { bindings::destroy_workqueue(self.queue.as_ptr()) };
    }
}

/// Hands a folio to the worker, or fails it where there is none.
pub(crate) fn later(folio: LockedFolio) {
    let worker = core::ptr::with_exposed_provenance::<Worker>(WORKER.load(Relaxed));
    if worker.is_null() {
        return;
    }
    let folio = folio.into_raw();
    let mut head = HEAD.load(Relaxed);
    loop {
        // SAFETY: the folio is locked, and ours.
        unsafe { (*private(folio)) = core::ptr::with_exposed_provenance_mut(head) };
        match HEAD.cmpxchg(head, folio.as_ptr().expose_provenance(), Full) {
            Ok(_) => break,
            Err(now) => head = now,
        }
    }
    wake();
}

/// Has the worker look at what waits for it.
pub(super) fn wake() {
    let worker = core::ptr::with_exposed_provenance::<Worker>(WORKER.load(Relaxed));
    // SAFETY: the worker lives while folios of a mounted image are filled.
    unsafe {
        bindings::queue_work_on(
            bindings::COFS_WORK_CPU_UNBOUND,
            (*worker).queue.as_ptr(),
            (*worker).work.get(),
        );
    }
}

/// `folio->private`.
fn private(folio: NonNull<bindings::folio>) -> *mut *mut kernel::ffi::c_void {
    // SAFETY: computes an address in a live folio.
    unsafe {
        &raw mut (*folio.as_ptr())
            .__bindgen_anon_1
            .__bindgen_anon_1
            .__bindgen_anon_3
            .private
    }
}

/// # Safety
///
/// Called by the workqueue.
unsafe extern "C" fn run(_work: *mut bindings::work_struct) {
    failed_bio::end_all();
    let head = HEAD.xchg(0, Full);
    let mut at = NonNull::new(core::ptr::with_exposed_provenance_mut::<bindings::folio>(
        head,
    ));
    while let Some(folio) = at {
        // SAFETY: folios on the list are locked and ours; what links them is a folio or null.
        let folio = unsafe {
            at = NonNull::new((*private(folio)).cast());
            *private(folio) = core::ptr::null_mut();
            LockedFolio::from_raw(folio)
        };
        address_space::retry(folio);
    }
}
