// SPDX-License-Identifier: GPL-2.0

//! Windows in flight: folios whose bytes are on their way as clusters, to be decoded by whoever
//! needs them first.
//!
//! Readahead makes windows and leaves. A reader that comes upon their folios decodes what it needs
//! on its own thread, each cluster as its bios end ([`Windows::finish`]). What nobody comes for is
//! left to a worker after a while.
//!
//! A thread that has taken a cluster waits for nothing but memory until it has decoded it: not for
//! a device, not for a folio, not for another cluster. Whoever waits for a folio of a window so waits
//! for the device, and for a thread that runs.
//!
//! Lock order: a bucket's lock is innermost; nothing sleeps or wakes under it.

use crate::{
    fill::{
        cluster::Work,
        decode,
        join::{
            self,
            Joined,
            Joiners,
            Side, //
        },
        keep::Kept, //
    },
    mount::Mount,
    stats::By,
    sys::{
        claim::Claim,
        cluster_read::Read,
        nofs,
        parameters,
        work::{
            Delayed,
            Queue,
            Sweep, //
        }, //
    },
    vfs::folios::Folios, //
};
use cofs_core::compressed::Cluster;
use core::ops::Range;
use kernel::{
    impl_has_work,
    new_spinlock,
    new_work,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        Arc,
        SpinLock,
        UniqueArc, //
    },
    workqueue::{
        Work as QueueWork,
        WorkItem, //
    }, //
};

/// A cluster of a window, until somebody takes it.
pub(crate) struct Job {
    /// What of the file comes from it.
    pub(crate) range: Range<u64>,
    /// Where its extent starts.
    pub(crate) extent: u64,
    /// How many bytes of the cluster are read.
    pub(crate) len: u64,
    /// The numbers of the bios that carry its bytes.
    pub(crate) reads: Range<u32>,
    /// What carries them instead.
    pub(crate) kept: Option<Kept>,
    /// Whether all of them could be started.
    pub(crate) started: Result,
    /// What is to be done.
    pub(crate) work: Claim<Work>,
}

impl Job {
    /// The numbers of the bios that carry its bytes.
    pub(crate) fn reads(&self) -> Range<usize> {
        self.reads.start as usize..self.reads.end as usize
    }
}

/// What of a cluster a window yet to be wants.
pub(crate) struct Wanted<'a> {
    pub(crate) mount: &'a Mount,
    pub(crate) nid: u64,
    /// The mapping that its folios are of.
    pub(crate) key: usize,
    pub(crate) cluster: &'a Cluster,
    /// How many bytes the cluster has.
    pub(crate) len: u64,
    /// The bytes of the file.
    pub(crate) range: Range<u64>,
}

/// What a window consists of.
pub(crate) struct Parts {
    pub(crate) mount: Arc<Mount>,
    /// The file on that mount.
    pub(crate) nid: u64,
    pub(crate) folios: Folios,
    /// In ascending order of their ranges.
    pub(crate) jobs: KVVec<Job>,
    pub(crate) reads: KVVec<Arc<Read>>,
}

/// A window.
///
/// # Invariants
///
/// Its mount has a flight for it until no job is left.
#[pin_data]
pub(crate) struct Window {
    parts: Parts,
    table: Arc<Table>,
    range: Range<u64>,
    /// Where what comes of its clusters starts and ends: others may have joined them.
    reach: [Atomic<u64>; 2],
    /// For the first job and for the last.
    #[pin]
    joiners: SpinLock<Joiners>,
    /// The mapping that the folios are of.
    key: usize,
    left: Atomic<i64>,
    /// Why a cluster could not be decoded, or 0.
    error: Atomic<i32>,
    /// How many readers are decoding.
    busy: Atomic<u32>,
    /// Sweeps since a reader decoded a cluster.
    idle: Atomic<u32>,
    /// Sweeps in all.
    age: Atomic<u32>,
    /// Whether the last sweep saw a reader decode for the same mapping.
    attended: Atomic<u32>,
    #[pin]
    work: QueueWork<Window>,
}

impl_has_work! {
    impl HasWork<Self> for Window { self.work }
}

impl WorkItem for Window {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let _nofs = nofs::Scope::new();
        // Nobody kills a worker.
        let _ = this.finish(&(0..u64::MAX), By::Worker);
    }
}

/// What a job belongs to.
pub(crate) struct Of<'a> {
    pub(crate) mount: &'a Mount,
    pub(crate) nid: u64,
    pub(crate) folios: &'a Folios,
    /// Where its cluster is to be had, if that was left in a page cache.
    pub(crate) kept: Option<Kept>,
}

/// Decodes the cluster of `job` when `reads`, which carry it, have ended, unless somebody has taken
/// it. What came of it if it was this thread. EINTR if a signal kills a reader.
pub(crate) fn finish(
    of: &Of<'_>,
    job: &Job,
    reads: &[Arc<Read>],
    by: By,
    joiners: impl FnOnce() -> Joiners,
) -> Result<Option<Result>> {
    if job.work.is_taken() {
        return Ok(None);
    }
    for read in reads {
        read.wait(by == By::Reader)?;
    }
    let kept = job.kept.map_or(Ok(()), |kept| kept.wait());
    if by == By::Reader && kept == Err(EINTR) {
        return Err(EINTR);
    }
    let Some(work) = job.work.take() else {
        return Ok(None);
    };
    let read = reads.iter().try_fold((), |(), read| match read.outcome() {
        Some(result) => result,
        None => Err(EIO),
    });
    let read = job.started.and(kept).and(read);
    let of = Of {
        kept: job.kept,
        ..*of
    };
    Ok(Some(decode::cluster(&of, work, joiners(), read, by)))
}

/// Memory for a window that is yet to be.
pub(crate) struct Pending(UniqueArc<core::mem::MaybeUninit<Window>>);

impl Pending {
    /// Takes it. Nothing may fail for want of it once bios are under way.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(UniqueArc::new_uninit(GFP_KERNEL)?))
    }

    /// A window of the pages that `key` stands for, from here on in the table, unless there is
    /// nothing to be done. Where it cannot be entered there it is decoded at once.
    pub(crate) fn launch(self, windows: &Windows, key: usize, parts: Parts) -> Option<Arc<Window>> {
        let jobs = parts.jobs.iter().filter(|job| !job.work.is_taken()).count();
        if jobs == 0 {
            return None;
        }
        // INVARIANT: ends with the last job, in `done`.
        parts.mount.flights.begin();
        let range = parts.folios.range();
        let init = pin_init!(Window {
            reach: [Atomic::new(range.start), Atomic::new(range.end)],
            joiners <- new_spinlock!(Joiners::default()),
            range,
            parts,
            table: windows.table.clone(),
            key,
            left: Atomic::new(jobs as i64),
            error: Atomic::new(0),
            busy: Atomic::new(0),
            idle: Atomic::new(0),
            age: Atomic::new(0),
            attended: Atomic::new(0),
            work <- new_work!("cofs window"),
        });
        let window: Arc<Window> = match self.0.pin_init_with(init) {
            Ok(window) => window.into(),
            Err(never) => match never {},
        };
        if windows.table.enter(window.clone()).is_err() {
            let _ = window.finish(&(0..u64::MAX), By::Drain);
        } else {
            windows.sweep.schedule();
        }
        Some(window)
    }
}

impl Window {
    /// Decodes what of `range` nobody has taken yet, in the order of the file.
    pub(crate) fn finish(&self, range: &Range<u64>, by: By) -> Result {
        let jobs = &self.parts.jobs;
        let last = jobs.len().saturating_sub(1);
        let reach = self.reach();
        if range.start < self.range.start && range.end > reach.start {
            self.finish_job(0, by)?;
        }
        // A folio is there when all of it is.
        let own = self.parts.folios.whole(range);
        let first = jobs.partition_point(|job| job.range.end <= own.start);
        let rest = jobs.get(first..).unwrap_or_default();
        let count = rest.iter().take_while(|job| job.range.start < own.end);
        for index in first..first + count.count() {
            self.finish_job(index, by)?;
        }
        if range.end > self.range.end && range.start < reach.end {
            self.finish_job(last, by)?;
        }
        Ok(())
    }

    fn finish_job(&self, index: usize, by: By) -> Result {
        let parts = &self.parts;
        let Some(job) = parts.jobs.get(index) else {
            return Ok(());
        };
        let of = Of {
            mount: &parts.mount,
            nid: parts.nid,
            folios: &parts.folios,
            kept: None,
        };
        let reads = parts.reads.get(job.reads()).unwrap_or_default();
        let reading = u32::from(by == By::Reader);
        self.busy.add(reading, Relaxed);
        let finished = finish(&of, job, reads, by, || self.joined(index));
        self.busy.fetch_sub(reading, Relaxed);
        if let Some(result) = finished? {
            if let Err(e) = result {
                self.error.store(e.to_errno(), Relaxed);
            }
            if by == By::Reader {
                self.idle.store(0, Relaxed);
            }
            self.done();
        }
        Ok(())
    }

    /// What part of the file comes of its clusters, or waits for that.
    fn reach(&self) -> Range<u64> {
        let [start, end] = &self.reach;
        start.load(Relaxed)..end.load(Relaxed)
    }

    /// Who has joined job number `index`, which this thread has taken: from here on nobody does.
    fn joined(&self, index: usize) -> Joiners {
        let mut joiners = Joiners::default();
        let last = index + 1 == self.parts.jobs.len();
        if index == 0 || last {
            let mut all = self.joiners.lock();
            if index == 0 {
                *joiners.at(Side::Before) = all.at(Side::Before).take();
            }
            if last {
                *joiners.at(Side::Behind) = all.at(Side::Behind).take();
            }
        }
        joiners
    }

    /// The job that a window on this `side` may join for what it wants.
    fn joinable(&self, side: Side, wanted: &Wanted<'_>) -> Option<&Job> {
        let parts = &self.parts;
        let (job, adjoins) = match side {
            Side::Before => {
                let job = parts.jobs.first()?;
                (job, job.range.start == wanted.range.end)
            }
            Side::Behind => {
                let job = parts.jobs.last()?;
                (job, job.range.end == wanted.range.start)
            }
        };
        let same = core::ptr::eq(&*parts.mount, wanted.mount)
            && parts.nid == wanted.nid
            && (job.extent, job.len) == (wanted.cluster.offset, wanted.len);
        let ready = job.started.is_ok() && !job.work.is_taken();
        let fits = join::can_extend(&job.range, wanted.cluster, wanted.range.end);
        (adjoins && same && ready && fits).then_some(job)
    }

    /// Has the job that [`Window::joinable`] gives fill `joined` too, unless it was taken meanwhile.
    fn join(&self, job: &Job, side: Side, joined: KBox<Joined>) -> Result<(), KBox<Joined>> {
        let reach = joined.reach();
        let mut joiners = self.joiners.lock();
        let place = joiners.at(side);
        // Who takes it looks here afterwards.
        if job.work.is_taken() || place.is_some() {
            return Err(joined);
        }
        let [start, end] = &self.reach;
        match side {
            Side::Before => start.store(reach.start, Relaxed),
            Side::Behind => end.store(reach.end, Relaxed),
        }
        *place = Some(joined);
        Ok(())
    }

    /// Whether all clusters that were decoded so far could be.
    pub(crate) fn outcome(&self) -> Result {
        match self.error.load(Relaxed) {
            0 => Ok(()),
            errno => Err(Error::from_errno(errno)),
        }
    }

    fn done(&self) {
        if self.left.fetch_sub(1, Full) == 1 {
            self.table.leave(self);
            self.parts.mount.flights.end();
        }
    }
}

/// As many lists, by what the mapping's address is like.
const BUCKETS: usize = 64;

/// As many windows somebody decodes for the memory that they have.
const RELIEVED: usize = 16;

/// How often is looked for windows that nobody comes for, in milliseconds.
const SWEEP_MS: u32 = 50;

/// A window that readers come to now and then goes to a worker after so many times the delay.
const OLD: u32 = 20;

#[pin_data]
struct Bucket {
    #[pin]
    list: SpinLock<KVec<Arc<Window>>>,
}

/// All windows in flight.
#[pin_data]
struct Table {
    #[pin]
    buckets: [Bucket; BUCKETS],
    count: Atomic<i64>,
    queue: Queue,
}

impl Table {
    fn bucket(&self, key: usize) -> Option<&Bucket> {
        // Mappings lie in inodes, which are larger than this.
        let hash = (key >> 8) ^ (key >> 14);
        self.buckets.get(hash % BUCKETS)
    }

    fn enter(&self, window: Arc<Window>) -> Result {
        let bucket = self.bucket(window.key).ok_or(EINVAL)?;
        bucket.list.lock().push(window, GFP_ATOMIC)?;
        self.count.fetch_add(1, Full);
        Ok(())
    }

    fn leave(&self, window: &Window) {
        let Some(bucket) = self.bucket(window.key) else {
            return;
        };
        let mut list = bucket.list.lock();
        let at = list
            .iter()
            .position(|other| core::ptr::eq(&**other, window));
        let gone = at.and_then(|at| {
            let last = list.pop()?;
            Some(match list.get_mut(at) {
                Some(place) => core::mem::replace(place, last),
                None => last,
            })
        });
        drop(list);
        if gone.is_some() {
            self.count.fetch_sub(1, Full);
        }
    }

    /// The first window of `key` that has bytes of `range` and starts at `from` or behind it.
    fn next(&self, key: usize, range: &Range<u64>, from: u64) -> Option<Arc<Window>> {
        let list = self.bucket(key)?.list.lock();
        list.iter()
            .filter(|window| window.key == key && window.range.start >= from)
            // One whose folios are through may not have left yet, and another have their place.
            .filter(|window| window.left.load(Relaxed) != 0)
            .filter(|window| {
                let reach = window.reach();
                reach.start < range.end && reach.end > range.start
            })
            .min_by_key(|window| window.range.start)
            .cloned()
    }

    /// The window of `key` to which one on this `side` adjoins at byte `at`.
    fn beside(&self, key: usize, side: Side, at: u64) -> Option<Arc<Window>> {
        let list = self.bucket(key)?.list.lock();
        let adjoins = |window: &Window| match side {
            Side::Before => window.range.start == at,
            Side::Behind => window.range.end == at,
        };
        list.iter()
            .find(|window| window.key == key && window.left.load(Relaxed) != 0 && adjoins(window))
            .cloned()
    }

    fn give_to_worker(&self, window: &Arc<Window>) {
        // It may have been given to one already.
        let _ = self.queue.get().enqueue(window.clone());
    }

    fn for_each(&self, mut see: impl FnMut(&Arc<Window>)) {
        for bucket in &self.buckets {
            for window in bucket.list.lock().iter() {
                see(window);
            }
        }
    }
}

/// The table, and what looks for windows that nobody comes for.
#[pin_data]
pub(crate) struct Windows {
    #[pin]
    sweep: Delayed<Idle>,
    table: Arc<Table>,
}

struct Idle(Arc<Table>);

impl Sweep for Idle {
    /// A reader that decodes one window of a file will come to the others, however long that takes;
    /// but not for ever.
    fn sweep(&self) -> bool {
        // So many looks find it idle before a worker gets it.
        let patience = (parameters::worker_delay_ms() / SWEEP_MS).max(1);
        for bucket in &self.0.buckets {
            let list = bucket.list.lock();
            let seen =
                |window: &Window| window.busy.load(Relaxed) != 0 || window.idle.load(Relaxed) == 0;
            for window in list.iter() {
                let attended = list
                    .iter()
                    .any(|other| other.key == window.key && seen(other));
                window.attended.store(attended.into(), Relaxed);
            }
            for window in list.iter() {
                let old = window.age.fetch_add(1, Relaxed) / OLD >= patience;
                if window.attended.load(Relaxed) != 0 && !old {
                    window.idle.store(1, Relaxed);
                } else if old || window.idle.fetch_add(1, Relaxed) + 1 >= patience {
                    self.0.give_to_worker(window);
                }
            }
        }
        self.0.count.load(Relaxed) != 0
    }
}

impl Windows {
    /// None in flight.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            table: {
                let queue = Queue::new()?;
                Arc::pin_init(
                    pin_init!(Table {
                        buckets <- pin_init::pin_init_array_from_fn(|_| {
                            pin_init!(Bucket { list <- new_spinlock!(KVec::new()) })
                        }),
                        count: Atomic::new(0),
                        queue,
                    }),
                    GFP_KERNEL,
                )?
            },
            sweep <- Delayed::new(Idle(table.clone()), SWEEP_MS),
        }? Error)
    }

    /// Whether nothing is in flight, anywhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.count.load(Relaxed) == 0
    }

    /// Decodes on this thread what of `range` of the pages of `key` is in flight. EINTR if a signal
    /// kills the thread meanwhile.
    pub(crate) fn finish(&self, key: usize, range: Range<u64>) -> Result {
        if self.is_empty() {
            return Ok(());
        }
        let _nofs = nofs::Scope::new();
        let mut from = 0;
        while let Some(window) = self.table.next(key, &range, from) {
            from = window.range.start.saturating_add(1);
            window.finish(&range, By::Reader)?;
        }
        Ok(())
    }

    /// Has a window in flight give `folios`, which end on this `side` of it, what is `wanted` of a
    /// cluster that it has a part of too. Whether one does.
    pub(crate) fn join(&self, side: Side, wanted: &Wanted<'_>, folios: &Folios) -> bool {
        if self.is_empty() {
            return false;
        }
        let at = match side {
            Side::Before => wanted.range.end,
            Side::Behind => wanted.range.start,
        };
        let Some(window) = self.table.beside(wanted.key, side, at) else {
            return false;
        };
        let Some(job) = window.joinable(side, wanted) else {
            return false;
        };
        let Ok(joined) = Joined::new(folios, wanted.cluster, wanted.range.clone()) else {
            return false;
        };
        match window.join(job, side, joined) {
            Ok(()) => true,
            Err(joined) => {
                // The folios' own list keeps them.
                Joined::end(joined, Ok(()));
                false
            }
        }
    }

    /// Has workers decode what of `range` of the pages of `key` is in flight.
    pub(crate) fn hand_over(&self, key: usize, range: &Range<u64>) {
        let mut from = 0;
        while let Some(window) = self.table.next(key, range, from) {
            from = window.range.start.saturating_add(1);
            self.table.give_to_worker(&window);
        }
    }

    /// Decodes on this thread what `mount` has in flight, or much of it, for the memory that it has.
    pub(crate) fn relieve(&self, mount: &Mount) {
        let mut found = [const { None }; RELIEVED];
        let mut room = found.iter_mut();
        self.table.for_each(|window| {
            if core::ptr::eq(&*window.parts.mount, mount) {
                if let Some(place) = room.next() {
                    *place = Some(window.clone());
                }
            }
        });
        for window in found.into_iter().flatten() {
            // Nobody kills this.
            let _ = window.finish(&(0..u64::MAX), By::Drain);
        }
    }

    /// Has workers decode all that `mount` has in flight.
    pub(crate) fn expedite(&self, mount: &Mount) {
        if !self.is_empty() {
            self.table.for_each(|window| {
                if core::ptr::eq(&*window.parts.mount, mount) {
                    self.table.give_to_worker(window);
                }
            });
        }
    }
}

/// The table, for as long as the module is there.
pub(crate) struct Keeper(Arc<Windows>);

impl Keeper {
    /// With nothing in flight.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Arc::pin_init(Windows::new(), GFP_KERNEL)?))
    }

    /// For a mount.
    pub(crate) fn get(&self) -> Arc<Windows> {
        self.0.clone()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // No image is mounted, and nothing in flight; a worker may still be about to let go of it.
        self.0.table.queue.flush();
    }
}
