// SPDX-License-Identifier: GPL-2.0

//! Things that are dear to make and needed for a while: at most one for each CPU, for all images.
//!
//! While an image that needs them is mounted, [`Pool::reserve`] keeps one at hand in the first slot,
//! which serves the greatest need that is known at mount. All others come as they are needed and go
//! when they were idle for some seconds, or when the last such image is unmounted.
//!
//! Reads go on without free memory: whoever finds nothing tries to make one without much effort,
//! and else waits until one is given back. If there is none that serves at all, a worker makes it,
//! with all means that the kernel has. Whoever has taken one waits for nothing but for what is
//! taken after it, see [`super::scratch`].
//!
//! Locks: `admin` before a slot; `state` is innermost. Nobody sleeps with it.

use crate::bindings;
use core::{
    cell::UnsafeCell,
    marker::PhantomPinned,
    ops::Deref, //
};
use kernel::{
    container_of,
    new_condvar,
    new_mutex,
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed, //
        },
        CondVar,
        Mutex,
        SpinLock, //
    },
    types::{
        NotThreadSafe,
        Opaque, //
    }, //
};

/// How long something is kept that nobody uses, in seconds.
const IDLE: u32 = 10;

/// How hard memory is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// In a read: file systems are not entered, and failure is no harm.
    Light,
    /// At mount and in a worker.
    Full,
}

/// What a pool has.
pub(super) trait Item: Sized + Send + 'static {
    /// Makes one that serves `need`.
    fn make(need: usize, effort: Effort) -> Result<Self>;

    /// The greatest need that it serves: its bytes.
    fn size(&self) -> usize;
}

/// Memory, in bytes.
pub(crate) struct Usage {
    /// Now.
    pub(crate) now: u64,
    /// At most, since the module was loaded.
    pub(crate) peak: u64,
}

/// A place for an item, in a cache line of its own.
///
/// # Invariants
///
/// `item` belongs to whoever made `busy` true.
#[repr(align(64))]
struct Slot<T> {
    busy: Atomic<bool>,
    /// Whether it was taken since the last look at what is idle.
    used: Atomic<bool>,
    /// The size of the item, 0 without one. For a look from outside.
    size: Atomic<usize>,
    item: UnsafeCell<Option<T>>,
}

// SAFETY: by the invariant, one thread at a time has the item.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T: Item> Slot<T> {
    fn size(&self) -> usize {
        self.size.load(Relaxed)
    }
}

/// What waiters and the worker tell each other.
struct State {
    /// A need that no item serves.
    wanted: usize,
    /// How often one could not be made.
    failures: u32,
}

/// Items for whoever comes.
#[pin_data(PinnedDrop)]
pub(super) struct Pool<T: Item> {
    slots: KVec<Slot<T>>,
    /// How many images need it.
    users: Atomic<usize>,
    /// The greatest need of those and, while there are any, of those before.
    reserve: Atomic<usize>,
    /// Held over changes of the reserve.
    #[pin]
    admin: Mutex<()>,
    /// How many threads wait.
    waiters: Atomic<usize>,
    #[pin]
    state: SpinLock<State>,
    #[pin]
    given: CondVar,
    /// All bytes, and how many there were at most.
    bytes: Atomic<usize>,
    peak: Atomic<usize>,
    #[pin]
    grow: Opaque<bindings::delayed_work>,
    #[pin]
    trim: Opaque<bindings::delayed_work>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: C locks the works, atomics and locks all else.
unsafe impl<T: Item> Sync for Pool<T> {}
// SAFETY: as above.
unsafe impl<T: Item> Send for Pool<T> {}

impl<T: Item> Pool<T> {
    /// A pool without items, with a slot for each CPU.
    pub(super) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            slots: {
                // SAFETY: reads a number.
                let count = unsafe { bindings::cofs_num_online_cpus() };
                let mut slots = KVec::new();
                for _ in 0..count.max(1) {
                    slots.push(Slot {
                        busy: Atomic::new(false),
                        used: Atomic::new(false),
                        size: Atomic::new(0),
                        item: UnsafeCell::new(None),
                    }, GFP_KERNEL)?;
                }
                slots
            },
            users: Atomic::new(0),
            reserve: Atomic::new(0),
            admin <- new_mutex!(()),
            waiters: Atomic::new(0),
            state <- new_spinlock!(State { wanted: 0, failures: 0 }),
            given <- new_condvar!(),
            bytes: Atomic::new(0),
            peak: Atomic::new(0),
            grow <- Opaque::ffi_init(|work| {
                // SAFETY: `work` is valid for writes, and stays where it is.
                unsafe { bindings::cofs_init_delayed_work(work, Some(Self::run_grow)) }
            }),
            trim <- Opaque::ffi_init(|work| {
                // SAFETY: as above.
                unsafe { bindings::cofs_init_delayed_work(work, Some(Self::run_trim)) }
            }),
            _pin: PhantomPinned,
        }? Error)
    }

    /// Sees to it that an item for `need` exists until [`Self::release`]. May sleep.
    pub(super) fn reserve(&self, need: usize) -> Result {
        let _admin = self.admin.lock();
        let first = self.slots.first().ok_or(ENOMEM)?;
        let mut kept = need;
        if first.size() < need {
            let item = T::make(need, Effort::Full)?;
            kept = item.size();
            self.wait(|_| self.lock(first)).put(item);
        }
        self.users.fetch_add(1, Relaxed);
        self.reserve
            .store(self.reserve.load(Relaxed).max(kept), Relaxed);
        Ok(())
    }

    /// Ends what [`Self::reserve`] began. Does not sleep.
    pub(super) fn release(&self) {
        if self.users.fetch_sub(1, Full) == 1 {
            // SAFETY: as in `queue`.
            unsafe {
                bindings::mod_delayed_work_on(
                    bindings::COFS_WORK_CPU_UNBOUND,
                    bindings::system_dfl_wq,
                    self.trim.get(),
                    0,
                );
            }
        }
    }

    /// Notes that there are `bytes`.
    fn raise_peak(&self, bytes: usize) {
        let mut peak = self.peak.load(Relaxed);
        while peak < bytes {
            match self.peak.cmpxchg(peak, bytes, Relaxed) {
                Ok(_) => break,
                Err(now) => peak = now,
            }
        }
    }

    /// How much memory all items have.
    pub(super) fn usage(&self) -> Usage {
        Usage {
            now: self.bytes.load(Relaxed) as u64,
            peak: self.peak.load(Relaxed) as u64,
        }
    }

    /// Takes an item for `need`, which waits for one if need be.
    #[inline]
    pub(super) fn take(&self, need: usize) -> Result<Taken<'_, T>> {
        let own = self.own();
        match self
            .slots
            .get(own)
            .and_then(|slot| self.try_take(slot, need))
        {
            Some(taken) => Ok(taken),
            None => self.take_other(own, need),
        }
    }

    /// The slot that this CPU tries first.
    fn own(&self) -> usize {
        // SAFETY: reads a number, which may be stale at once.
        let cpu = unsafe { bindings::cofs_raw_smp_processor_id() };
        (cpu as usize).checked_rem(self.slots.len()).unwrap_or(0)
    }

    #[inline]
    fn lock<'a>(&'a self, slot: &'a Slot<T>) -> Option<Locked<'a, T>> {
        // A look first, for the others' cache lines.
        if slot.busy.load(Relaxed) || slot.busy.cmpxchg(false, true, Acquire).is_err() {
            return None;
        }
        // INVARIANT: we made `busy` true.
        Some(Locked {
            pool: self,
            slot,
            _thread: NotThreadSafe,
        })
    }

    /// The item of `slot`, if it serves `need` and is free.
    #[inline]
    fn try_take<'a>(&'a self, slot: &'a Slot<T>, need: usize) -> Option<Taken<'a, T>> {
        if slot.size() < need {
            return None;
        }
        // It may have changed meanwhile.
        let taken = self.lock(slot)?.serve(need).ok()?;
        if !slot.used.load(Relaxed) {
            slot.used.store(true, Relaxed);
        }
        Some(taken)
    }

    fn take_other(&self, own: usize, need: usize) -> Result<Taken<'_, T>> {
        let (before, from) = self.slots.split_at(own.min(self.slots.len()));
        let all = || Iterator::chain(from.iter(), before);
        let find = || all().find_map(|slot| self.try_take(slot, need));
        if let Some(taken) = find() {
            return Ok(taken);
        }
        if let Some(locked) = all().find_map(|slot| self.lock(slot)) {
            match locked.serve(need) {
                Ok(taken) => return Ok(taken),
                Err(locked) => {
                    if let Ok(item) = T::make(need, Effort::Light) {
                        return Ok(locked.put(item));
                    }
                }
            }
        }
        let mut asked = None;
        self.wait(|state| {
            if let Some(taken) = find() {
                return Some(Ok(taken));
            }
            let exists = all().any(|slot| slot.size() >= need);
            let room = all().any(|slot| slot.size() < need);
            match asked {
                Some(failures) if !exists && failures != state.failures => {
                    return Some(Err(ENOMEM));
                }
                Some(_) if exists => (),
                _ if room => {
                    asked.get_or_insert(state.failures);
                    state.wanted = state.wanted.max(need);
                    self.queue(&self.grow, 0);
                }
                _ => (),
            }
            None
        })
    }

    /// Calls `f` until it gives something, each time that an item was given back.
    fn wait<R>(&self, mut f: impl FnMut(&mut State) -> Option<R>) -> R {
        // What is given back from here on wakes us.
        self.waiters.fetch_add(1, Full);
        let mut state = self.state.lock();
        let result = loop {
            match f(&mut state) {
                Some(result) => break result,
                None => self.given.wait(&mut state),
            }
        };
        drop(state);
        self.waiters.fetch_sub(1, Relaxed);
        result
    }

    /// Wakes those who wait, if any. A full barrier lies before this.
    #[inline]
    fn wake(&self) {
        if self.waiters.load(Relaxed) != 0 {
            let _state = self.state.lock();
            self.given.notify_all();
        }
    }

    /// Has `work` done in as many seconds, or when it is due already.
    fn queue(&self, work: &Opaque<bindings::delayed_work>, seconds: u32) {
        // SAFETY: the queue is the system's; the work is initialised, and cancelled before it goes.
        unsafe {
            bindings::queue_delayed_work_on(
                bindings::COFS_WORK_CPU_UNBOUND,
                bindings::system_dfl_wq,
                work.get(),
                seconds.saturating_mul(bindings::HZ) as kernel::ffi::c_ulong,
            );
        }
    }

    /// # Safety
    ///
    /// Called by the workqueue.
    unsafe extern "C" fn run_grow(work: *mut bindings::work_struct) {
        // CAST: `Opaque` is transparent.
        let work = work.cast::<Opaque<bindings::delayed_work>>();
        // SAFETY: the work is cancelled before the pool goes; it is the first field of the delayed
        // work, as the assertion below says.
        unsafe { (*container_of!(work, Self, grow)).grow() };
    }

    /// # Safety
    ///
    /// Called by the workqueue.
    unsafe extern "C" fn run_trim(work: *mut bindings::work_struct) {
        // CAST: `Opaque` is transparent.
        let work = work.cast::<Opaque<bindings::delayed_work>>();
        // SAFETY: as in `run_grow`.
        unsafe { (*container_of!(work, Self, trim)).trim() };
    }

    /// Makes what someone waits for.
    fn grow(&self) {
        let need = core::mem::take(&mut self.state.lock().wanted);
        let all = || self.slots.iter();
        if all().all(|slot| slot.size() >= need) {
            return;
        }
        match T::make(need, Effort::Full) {
            Ok(item) => {
                // Whoever has taken one gives it back soon.
                let locked = self.wait(|_| {
                    let small = || all().filter(|slot| slot.size() < need);
                    match small().find_map(|slot| self.lock(slot)) {
                        Some(locked) => Some(Some(locked)),
                        None if all().any(|slot| slot.size() >= need) => Some(None),
                        None => None,
                    }
                });
                if let Some(locked) = locked {
                    drop(locked.put(item));
                }
            }
            Err(_) => {
                let mut state = self.state.lock();
                state.failures = state.failures.wrapping_add(1);
                self.given.notify_all();
            }
        }
    }

    /// Frees what is idle: without users all, else what nobody took since the last time, and of
    /// the first slot what exceeds the reserve.
    fn trim(&self) {
        let _admin = self.admin.lock();
        let needed = self.users.load(Acquire) != 0;
        if !needed {
            self.reserve.store(0, Relaxed);
        }
        let reserve = self.reserve.load(Relaxed);
        let mut left = false;
        for (index, slot) in self.slots.iter().enumerate() {
            let keep = if index == 0 { reserve } else { 0 };
            if slot.size() == 0 {
                continue;
            }
            let idle = !needed || !slot.used.load(Relaxed);
            slot.used.store(false, Relaxed);
            left |= !(idle && self.shrink(slot, keep));
        }
        if left {
            self.queue(&self.trim, IDLE);
        }
    }

    /// Has `slot` keep an item for `need`, if that is not 0, and says whether it has no more.
    fn shrink(&self, slot: &Slot<T>, need: usize) -> bool {
        if need == 0 {
            return self.lock(slot).map(Locked::clear).is_some();
        }
        if slot.size() <= need {
            return true;
        }
        match T::make(need, Effort::Full) {
            Ok(item) if item.size() < slot.size() => {
                self.lock(slot).map(|locked| locked.put(item)).is_some()
            }
            // It is what it should be, or there is no memory to make it smaller.
            _ => true,
        }
    }
}

#[pinned_drop]
impl<T: Item> PinnedDrop for Pool<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: the works are initialised. Nobody takes anything any more; `trim` queues itself
        // only, which this knows of.
        unsafe {
            bindings::cancel_delayed_work_sync(self.grow.get());
            bindings::cancel_delayed_work_sync(self.trim.get());
        }
    }
}

/// A slot that is given back when this is dropped.
///
/// # Invariants
///
/// We made `slot.busy` true.
struct Locked<'a, T: Item> {
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
    fn put(self, item: T) -> Taken<'a, T> {
        self.replace(Some(item));
        self.pool.queue(&self.pool.trim, IDLE);
        // INVARIANT: there is one now.
        Taken(self)
    }

    /// Frees what is there.
    fn clear(self) {
        self.replace(None);
    }

    /// The item, if it serves `need`.
    fn serve(self, need: usize) -> core::result::Result<Taken<'a, T>, Self> {
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
pub(super) struct Taken<'a, T: Item>(Locked<'a, T>);

impl<T: Item> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: by the invariants the item is there and ours; who replaces it consumes `self`.
        unsafe { (*self.0.slot.item.get()).as_ref().unwrap_unchecked() }
    }
}

/// What the callbacks rely on.
const _: () = assert!(core::mem::offset_of!(bindings::delayed_work, work) == 0);
