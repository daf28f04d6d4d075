// SPDX-License-Identifier: GPL-2.0

//! How many items a pool has: the worker that makes what readers wait for, and the one that frees
//! what is idle.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use super::{
    slot::{
        Locked,
        Slot, //
    },
    Effort,
    Item,
    Pool,
    IDLE, //
};
use crate::bindings;
use kernel::{
    container_of,
    sync::atomic::{
        Acquire,
        Relaxed, //
    },
    types::Opaque, //
};

impl<T: Item> Pool<T> {
    /// Has `work` done in as many seconds, or when it is due already.
    pub(super) fn queue(&self, work: &Opaque<bindings::delayed_work>, seconds: u32) {
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
    pub(super) unsafe extern "C" fn run_grow(work: *mut bindings::work_struct) {
        // CAST: `Opaque` is transparent.
        let work = work.cast::<Opaque<bindings::delayed_work>>();
        // SAFETY: the work is cancelled before the pool goes; it is the first field of the delayed
        // work, as the assertion below says.
        unsafe { (*container_of!(work, Self, grow)).grow() };
    }

    /// # Safety
    ///
    /// Called by the workqueue.
    pub(super) unsafe extern "C" fn run_trim(work: *mut bindings::work_struct) {
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
                let locked = self.wait(|| {
                    let small = || all().filter(|slot| slot.size() < need);
                    match small().find_map(|slot| slot.lock(self)) {
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
                state.given = state.given.wrapping_add(1);
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
            if slot.size() <= keep {
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
            return slot.lock(self).map(Locked::clear).is_some();
        }
        match T::make(need, Effort::Full) {
            Ok(item) if item.size() < slot.size() => {
                slot.lock(self).map(|locked| locked.put(item)).is_some()
            }
            // It is what it should be, or there is no memory to make it smaller.
            _ => true,
        }
    }
}

/// What the callbacks rely on.
const _: () = assert!(core::mem::offset_of!(bindings::delayed_work, work) == 0);
