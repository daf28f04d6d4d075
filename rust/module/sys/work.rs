// SPDX-License-Identifier: GPL-2.0

//! Something to be done soon, by a worker of the system.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use crate::bindings;
use core::{
    marker::PhantomPinned,
    ptr::NonNull, //
};
use kernel::{
    container_of,
    prelude::*,
    time::msecs_to_jiffies,
    types::{
        NotThreadSafe,
        Opaque, //
    },
    workqueue, //
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

/// What is to be looked at now and then.
pub(crate) trait Sweep: Send + Sync + 'static {
    /// Looks. Whether to do so again, after the same while.
    fn sweep(&self) -> bool;
}

/// As [`Work`], after a while, and again.
///
/// # Invariants
///
/// As of [`Work`]; nor is its timer pending any more once this is dropped.
#[pin_data(PinnedDrop)]
pub(crate) struct Delayed<T: Sweep> {
    #[pin]
    work: Opaque<bindings::delayed_work>,
    task: T,
    delay: usize,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: C locks the work, and `T` is Sync.
unsafe impl<T: Sweep> Sync for Delayed<T> {}
// SAFETY: as above.
unsafe impl<T: Sweep> Send for Delayed<T> {}

impl<T: Sweep> Delayed<T> {
    /// Work that is not queued, to be done `ms` milliseconds after it is.
    pub(crate) fn new(task: T, ms: u32) -> impl PinInit<Self> {
        pin_init!(Self {
            work <- Opaque::ffi_init(|work| {
                // SAFETY: `work` is valid for writes, and stays where it is.
                unsafe { bindings::cofs_init_delayed_work(work, Some(Self::run)) }
            }),
            task,
            delay: msecs_to_jiffies(ms) as usize,
            _pin: PhantomPinned,
        })
    }

    /// Has it done, unless it is to be done already. Does not sleep or allocate.
    pub(crate) fn schedule(&self) {
        // SAFETY: the queue is the system's, and the work stays until it is cancelled.
        unsafe {
            bindings::queue_delayed_work_on(
                bindings::COFS_WORK_CPU_UNBOUND,
                bindings::system_dfl_wq,
                self.work.get(),
                self.delay,
            );
        }
    }

    /// # Safety
    ///
    /// Called by the workqueue.
    unsafe extern "C" fn run(work: *mut bindings::work_struct) {
        // SAFETY: by the type invariant the work is alive; it is the first field of a delayed one.
        unsafe {
            let delayed = container_of!(work, bindings::delayed_work, work);
            // CAST: `Opaque` is transparent.
            let delayed = delayed.cast::<Opaque<bindings::delayed_work>>();
            let this = &*container_of!(delayed, Self, work);
            if this.task.sweep() {
                this.schedule();
            }
        }
    }
}

#[pinned_drop]
impl<T: Sweep> PinnedDrop for Delayed<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: nobody queues it any more; this waits for a run under way.
        unsafe { bindings::cancel_delayed_work_sync(self.work.get()) };
    }
}

/// A queue of the module's own, with a rescuer: what runs there makes memory free.
pub(crate) struct Queue(NonNull<bindings::workqueue_struct>);

// SAFETY: C locks it.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

impl Queue {
    /// An empty one.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: makes a queue; its name is copied.
        NonNull::new(unsafe { bindings::cofs_alloc_workqueue() })
            .map(Self)
            .ok_or(ENOMEM)
    }

    /// An empty one, for what is done one after the other and is not waited for.
    pub(crate) fn idle() -> Result<Self> {
        // SAFETY: as above.
        NonNull::new(unsafe { bindings::cofs_alloc_idle_workqueue() })
            .map(Self)
            .ok_or(ENOMEM)
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::workqueue_struct {
        self.0.as_ptr()
    }

    /// As the kernel crate has it.
    pub(crate) fn get(&self) -> &workqueue::Queue {
        // SAFETY: the queue is there until this is dropped.
        unsafe { workqueue::Queue::from_raw(self.0.as_ptr()) }
    }

    /// Waits until all that was queued has been done.
    pub(crate) fn flush(&self) {
        // SAFETY: as above.
        unsafe { bindings::__flush_workqueue(self.0.as_ptr()) };
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: ours; this waits for what is under way.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}

/// While it lives, the worker that this runs on does so when nothing else wants a CPU or a device.
#[must_use = "it ends when the guard is dropped"]
pub(crate) struct Idle(NotThreadSafe);

impl Idle {
    /// For workers of unbound queues only.
    pub(crate) fn new() -> Self {
        // SAFETY: changes the current task.
        unsafe { bindings::cofs_idle_begin() };
        Self(NotThreadSafe)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        // SAFETY: the same task.
        unsafe { bindings::cofs_idle_end() };
    }
}
