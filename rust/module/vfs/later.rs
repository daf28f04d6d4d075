// SPDX-License-Identifier: GPL-2.0

//! Filled folios that are to be decided about, but not in the interrupt in which they were filled.
//!
//! Whoever does that waits for nothing, so that whoever waits for the folio waits for a device and
//! for threads that run.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use super::{
    address_space,
    folio::{
        private,
        Filled, //
    }, //
};
use crate::{
    bindings,
    sys::work::Queue, //
};
use core::{
    marker::PhantomPinned,
    ptr::NonNull, //
};
use kernel::{
    container_of,
    prelude::*,
    sync::atomic::{
        Atomic,
        Full, //
    },
    types::Opaque, //
};

/// As many threads decide at a time.
const LISTS: usize = 8;

/// Folios, linked by `private`, which is ours while a folio is locked and has no piece.
#[repr(C)]
#[pin_data]
struct List {
    #[pin]
    work: Opaque<bindings::work_struct>,
    /// The address of the last folio that came, or 0.
    head: Atomic<usize>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: C locks the work.
unsafe impl Sync for List {}
// SAFETY: as above.
unsafe impl Send for List {}

impl List {
    fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            work <- Opaque::ffi_init(|work| {
                // SAFETY: `work` is valid for writes, and stays where it is.
                unsafe { bindings::cofs_init_work(work, Some(Self::run)) }
            }),
            head: Atomic::new(0),
            _pin: PhantomPinned,
        })
    }

    /// # Safety
    ///
    /// Called by the workqueue.
    unsafe extern "C" fn run(work: *mut bindings::work_struct) {
        // CAST: `Opaque` is transparent.
        let work = work.cast::<Opaque<bindings::work_struct>>();
        // SAFETY: the list lives until its queue has been drained.
        let list = unsafe { &*container_of!(work, Self, work) };
        // Those that came first go first.
        let mut first = None;
        let mut rest = folio_at(list.head.xchg(0, Full));
        while let Some(folio) = rest {
            rest = folio_at(link(folio).addr());
            set_link(folio, first);
            first = Some(folio);
        }
        while let Some(folio) = first {
            first = folio_at(link(folio).addr());
            set_link(folio, None);
            // SAFETY: from `into_raw` in `push`.
            address_space::filled(unsafe { Filled::from_raw(folio) });
            // SAFETY: may sleep here.
            unsafe { bindings::cofs_cond_resched() };
        }
    }
}

fn folio_at(address: usize) -> Option<NonNull<bindings::folio>> {
    NonNull::new(core::ptr::with_exposed_provenance_mut(address))
}

/// What links a folio of a list to the next.
fn link(folio: NonNull<bindings::folio>) -> *mut kernel::ffi::c_void {
    // SAFETY: folios of a list are locked, and theirs is ours.
    unsafe { *private(folio) }
}

fn set_link(folio: NonNull<bindings::folio>, next: Option<NonNull<bindings::folio>>) {
    let address = next.map_or(0, |next| next.as_ptr().expose_provenance());
    // SAFETY: as above.
    unsafe { *private(folio) = core::ptr::with_exposed_provenance_mut(address) };
}

/// Who decides later.
#[pin_data]
pub(crate) struct Later {
    /// Before the lists: it is drained first.
    queue: Queue,
    #[pin]
    lists: [List; LISTS],
}

impl Later {
    /// Nothing to decide about.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            queue: Queue::new()?,
            lists <- pin_init::pin_init_array_from_fn(|_| List::new()),
        }? Error)
    }

    /// Whether this is no interrupt, so that what takes a while can be done at once.
    pub(crate) fn is_now() -> bool {
        // SAFETY: reads a counter of this CPU.
        unsafe { bindings::cofs_in_task() }
    }

    /// Has the hook that was given `folio` called with it again, by a worker. Any context.
    pub(crate) fn push(&self, folio: Filled) {
        // SAFETY: a number, of whichever CPU.
        let cpu = unsafe { bindings::cofs_raw_smp_processor_id() } as usize;
        let Some(list) = self.lists.get(cpu % LISTS) else {
            return;
        };
        let folio = folio.into_raw();
        let mut head = list.head.load(kernel::sync::atomic::Relaxed);
        loop {
            set_link(folio, folio_at(head));
            match list
                .head
                .cmpxchg(head, folio.as_ptr().expose_provenance(), Full)
            {
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        // SAFETY: the work stays until the queue is drained.
        unsafe {
            bindings::queue_work_on(
                bindings::COFS_WORK_CPU_UNBOUND,
                self.queue.as_ptr(),
                list.work.get(),
            );
        }
    }
}
