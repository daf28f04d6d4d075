// SPDX-License-Identifier: GPL-2.0
//! What all processes count, in memory that they share, and the state that they agree on.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use rustix::time::{clock_gettime, ClockId};

use crate::sys::Words;
use crate::trouble::{Context, Result, Trouble};
use crate::ways::WAYS;

/// How many workers there may be.
pub(crate) const WORKERS: usize = 64;
/// An error has an excuse for as long as this after a fault, in milliseconds.
const GRACE: u64 = 1500;

#[derive(Clone, Copy)]
pub(crate) enum Count {
    /// Set when all are to end.
    Stop,
    /// Faults that are in force now.
    Faulty,
    /// When the last one ended, in milliseconds.
    Mended,
    /// Bytes that were compared.
    Bytes,
    /// Operations on what was not mounted.
    Gone,
    /// Errors under a fault.
    Excused,
    /// Errors without one.
    Unexpected,
    Wrong,
    /// Workers that died of a fault.
    Died,
    Hung,
    Mounts,
    Refused,
    Umounts,
    Detached,
    Remounts,
    Drops,
    Hotplugs,
    /// Times that devices began to fail.
    DeviceFaults,
    /// Allocations that failed by order.
    SlabFaults,
    PageFaults,
    /// Requests that failed by order.
    RequestFaults,
    Last,
}

const WAYS_AT: usize = Count::Last as usize;
const WORKERS_AT: usize = WAYS_AT + WAYS.len();

pub(crate) struct Counts(Words);

/// Milliseconds of a clock that all processes have in common.
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

impl Counts {
    pub(crate) fn open(path: &Path) -> Result<Counts> {
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let file = file.text(|| format!("open {}", path.display()))?;
        let words = Words::new(&file, WORKERS_AT + 2 * WORKERS);
        words.map(Counts).text(|| format!("map {}", path.display()))
    }

    pub(crate) fn add(&self, count: Count, number: u64) {
        self.0.word(count as usize).fetch_add(number, Relaxed);
    }

    pub(crate) fn get(&self, count: Count) -> u64 {
        self.0.word(count as usize).load(Relaxed)
    }

    /// One more operation of this way, by this worker, compared `bytes`.
    pub(crate) fn did(&self, way: usize, bytes: u64) {
        self.0.word(WAYS_AT + way).fetch_add(1, Relaxed);
        self.add(Count::Bytes, bytes);
    }

    pub(crate) fn done(&self, way: usize) -> u64 {
        self.0.word(WAYS_AT + way).load(Relaxed)
    }

    /// An operation that began at `start` met `trouble`, which is told behind `who` if nothing excuses it.
    pub(crate) fn met(&self, start: u64, who: &str, trouble: Trouble) {
        let count = match trouble {
            Trouble::Gone => Count::Gone,
            Trouble::Failed(..) if self.excused_since(start) => Count::Excused,
            Trouble::Failed(what, errno) => {
                println!("# error without a fault: {who}{what}: {errno}");
                Count::Unexpected
            }
            Trouble::Wrong(what) => {
                println!("# wrong: {who}{what}");
                Count::Wrong
            }
        };
        self.add(count, 1);
    }

    /// What a worker begins to do.
    pub(crate) fn begins(&self, worker: usize, way: usize) {
        self.0
            .word(WORKERS_AT + 2 * worker + 1)
            .store(way as u64, Relaxed);
        self.0.word(WORKERS_AT + 2 * worker).fetch_add(1, Relaxed);
    }

    /// How often a worker has begun something, and what it is.
    pub(crate) fn progress(&self, worker: usize) -> (u64, usize) {
        let begun = self.0.word(WORKERS_AT + 2 * worker).load(Relaxed);
        let way = self.0.word(WORKERS_AT + 2 * worker + 1).load(Relaxed);
        (begun, way as usize % WAYS.len())
    }

    pub(crate) fn stop(&self) {
        self.0.word(Count::Stop as usize).store(1, Relaxed);
    }

    pub(crate) fn stopped(&self) -> bool {
        self.get(Count::Stop) != 0
    }

    /// From here on errors have an excuse.
    pub(crate) fn fault_begins(&self) {
        self.add(Count::Faulty, 1);
    }

    pub(crate) fn fault_ends(&self) {
        self.0.word(Count::Mended as usize).store(now(), Relaxed);
        self.0.word(Count::Faulty as usize).fetch_sub(1, Relaxed);
    }

    /// Whether there was a fault at any time since then.
    pub(crate) fn excused_since(&self, start: u64) -> bool {
        let mended = self.get(Count::Mended);
        self.get(Count::Faulty) > 0 || (mended > 0 && mended + GRACE > start)
    }
}
