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

mod keep;
mod slot;

pub(super) use slot::Taken;

use super::highest::Highest;
use crate::bindings;
use core::marker::PhantomPinned;
use kernel::{
    new_condvar,
    new_mutex,
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        CondVar,
        Mutex,
        SpinLock, //
    },
    types::Opaque, //
};
use slot::Slot;

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

/// What waiters and the worker tell each other.
struct State {
    /// A need that no item serves.
    wanted: usize,
    /// How often one could not be made.
    failures: u32,
    /// How often something was given back, or could not be made, while someone waited.
    given: u32,
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
    peak: Highest,
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
                    slots.push(Slot::new(), GFP_KERNEL)?;
                }
                slots
            },
            users: Atomic::new(0),
            reserve: Atomic::new(0),
            admin <- new_mutex!(()),
            waiters: Atomic::new(0),
            state <- new_spinlock!(State { wanted: 0, failures: 0, given: 0 }),
            given <- new_condvar!(),
            bytes: Atomic::new(0),
            peak: Highest::new(0),
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
            self.wait(|| first.lock(self)).put(item);
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
        self.peak.raise(bytes as u64);
    }

    /// How much memory all items have.
    pub(super) fn usage(&self) -> Usage {
        Usage {
            now: self.bytes.load(Relaxed) as u64,
            peak: self.peak.get(),
        }
    }

    /// Takes an item for `need`, which waits for one if need be.
    #[inline]
    pub(super) fn take(&self, need: usize) -> Result<Taken<'_, T>> {
        let own = self.own();
        match self.slots.get(own).and_then(|slot| slot.take(self, need)) {
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

    fn take_other(&self, own: usize, need: usize) -> Result<Taken<'_, T>> {
        let (before, from) = self.slots.split_at(own.min(self.slots.len()));
        let all = || Iterator::chain(from.iter(), before);
        let find = || all().find_map(|slot| slot.take(self, need));
        if let Some(taken) = find() {
            return Ok(taken);
        }
        if let Some(locked) = all().find_map(|slot| slot.lock(self)) {
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
        self.wait(|| {
            if let Some(taken) = find() {
                return Some(Ok(taken));
            }
            let exists = all().any(|slot| slot.size() >= need);
            let room = all().any(|slot| slot.size() < need);
            let mut state = self.state.lock();
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

    /// Calls `f` until it gives something, again each time that an item was given back since.
    fn wait<R>(&self, mut f: impl FnMut() -> Option<R>) -> R {
        // What is given back from here on is counted.
        self.waiters.fetch_add(1, Full);
        let mut seen = self.state.lock().given;
        let result = loop {
            if let Some(result) = f() {
                break result;
            }
            let mut state = self.state.lock();
            while state.given == seen {
                self.given.wait(&mut state);
            }
            seen = state.given;
        };
        self.waiters.fetch_sub(1, Relaxed);
        result
    }

    /// Wakes those who wait, if any. A full barrier lies before this.
    #[inline]
    fn wake(&self) {
        if self.waiters.load(Relaxed) != 0 {
            let mut state = self.state.lock();
            state.given = state.given.wrapping_add(1);
            self.given.notify_all();
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
