// SPDX-License-Identifier: GPL-2.0
//! Threads that read one file in every way at once, close to each other, while its pages come and go.
//! Every byte is compared; a thread that makes no progress is told of.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{fadvise, fstat, Advice};
use rustix::pipe::{pipe, splice, SpliceFlags};

use crate::content::{open, pread_full};
use crate::error::{Context, Result};
use crate::pattern::Random;
use crate::sys::{Map, PAGE};

/// All threads read in a stretch of the file as long as this, so that their windows overlap.
const STRETCH: u64 = 5 << 20;
/// How long they stay there.
const STAY: Duration = Duration::from_millis(400);
/// A thread without progress for this long hangs.
const HANGS: Duration = Duration::from_secs(90);

const WAYS: [&str; 8] = [
    "random",
    "page",
    "in-order",
    "backwards",
    "mapped",
    "spliced",
    "ahead",
    "dropped",
];

/// One thread's state, for the one who watches.
#[derive(Default)]
struct Thread {
    done: [AtomicU64; WAYS.len()],
    bytes: AtomicU64,
    /// The longest step, in microseconds.
    longest: AtomicU64,
    /// What it does now: the way and the offset.
    way: AtomicU64,
    offset: AtomicU64,
}

struct Shared<'a> {
    fd: &'a OwnedFd,
    golden: &'a [u8],
    /// Where the stretch begins.
    base: AtomicU64,
    stop: AtomicBool,
}

/// Reads `path` for some seconds by as many threads; `golden` is a file with the same bytes, or
/// else what `path` itself gives when it is read alone.
pub(crate) fn run(
    path: &Path,
    threads: u64,
    seconds: u64,
    seed: u64,
    golden: Option<&Path>,
) -> Result<()> {
    let golden = match golden {
        Some(path) => std::fs::read(path).what(|| format!("read {}", path.display()))?,
        None => alone(path)?,
    };
    let fd = open(path)?;
    let size = fstat(&fd).what(|| "fstat".into())?.st_size as u64;
    if size != golden.len() as u64 || size < PAGE as u64 {
        return Err(format!("{size} bytes, not {}", golden.len()));
    }
    fadvise(&fd, 0, None, Advice::DontNeed).what(|| "fadvise".into())?;
    let shared = Shared {
        fd: &fd,
        golden: &golden,
        base: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    let states: Vec<Thread> = (0..threads).map(|_| Thread::default()).collect();
    let result: Result<()> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .zip(&states)
            .map(|(number, state)| {
                let shared = &shared;
                scope.spawn(move || {
                    let result = work(shared, state, &mut Random::new(seed * 1000 + number));
                    shared.stop.fetch_or(result.is_err(), Ordering::Relaxed);
                    result
                })
            })
            .collect();
        watch(&shared, &states, seconds, seed);
        // The last steps end soon, or never.
        let end = Instant::now() + HANGS;
        while let Some(number) = running.iter().position(|thread| !thread.is_finished()) {
            if Instant::now() > end {
                hangs(number, &states[number]);
            }
            thread::sleep(Duration::from_millis(10));
        }
        running.into_iter().try_for_each(|thread| {
            let result = thread.join();
            result.map_err(|_| "a reader panicked".to_string())?
        })
    });
    let sum = |of: &dyn Fn(&Thread) -> u64| states.iter().map(of).sum::<u64>();
    for (i, way) in WAYS.iter().enumerate() {
        print!("{way}={} ", sum(&|t| t.done[i].load(Ordering::Relaxed)));
    }
    let longest = states.iter().map(|t| t.longest.load(Ordering::Relaxed));
    println!(
        "mib={} longest-ms={}",
        sum(&|t| t.bytes.load(Ordering::Relaxed)) >> 20,
        longest.max().unwrap_or_default() / 1000
    );
    result
}

fn alone(path: &Path) -> Result<Vec<u8>> {
    let fd = open(path)?;
    fadvise(&fd, 0, None, Advice::DontNeed).what(|| "fadvise".into())?;
    let mut bytes = vec![0; fstat(&fd).what(|| "fstat".into())?.st_size as usize];
    let read = pread_full(&fd, &mut bytes, 0).what(|| "pread".into())?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Moves the stretch, and looks whether all threads get on.
fn watch(shared: &Shared<'_>, states: &[Thread], seconds: u64, seed: u64) {
    let start = Instant::now();
    let mut random = Random::new(seed);
    let mut before: Vec<(u64, Instant)> = states.iter().map(|_| (0, start)).collect();
    while start.elapsed() < Duration::from_secs(seconds) && !shared.stop.load(Ordering::Relaxed) {
        let room = (shared.golden.len() as u64).saturating_sub(STRETCH);
        let base = random.below(room + 1);
        shared.base.store(base, Ordering::Relaxed);
        thread::sleep(STAY);
        for (number, (state, seen)) in states.iter().zip(&mut before).enumerate() {
            let done = state.done.iter().map(|d| d.load(Ordering::Relaxed)).sum();
            if done != seen.0 {
                *seen = (done, Instant::now());
            } else if seen.1.elapsed() > HANGS {
                hangs(number, state);
            }
        }
    }
    shared.stop.store(true, Ordering::Relaxed);
}

/// Says what hangs where, and ends the program: a thread that waits for a page dies by no signal.
fn hangs(number: usize, state: &Thread) {
    let way = WAYS[state.way.load(Ordering::Relaxed) as usize % WAYS.len()];
    let offset = state.offset.load(Ordering::Relaxed);
    println!("thread {number} hangs: {way} at {offset}");
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten() {
        let Ok(task) = task else { continue };
        let stack = std::fs::read_to_string(task.path().join("stack")).unwrap_or_default();
        println!("{}: {stack}", task.file_name().to_string_lossy());
    }
    std::process::exit(3);
}

fn work(shared: &Shared<'_>, state: &Thread, random: &mut Random) -> Result<()> {
    let mut result = Ok(());
    while result.is_ok() && !shared.stop.load(Ordering::Relaxed) {
        let way = random.below(WAYS.len() as u64) as usize;
        let size = shared.golden.len() as u64;
        let base = shared.base.load(Ordering::Relaxed);
        let offset = base + random.below(STRETCH.min(size - base));
        state.way.store(way as u64, Ordering::Relaxed);
        state.offset.store(offset, Ordering::Relaxed);
        let start = Instant::now();
        result = step(shared, WAYS[way], offset, random)
            .map(|bytes| state.bytes.fetch_add(bytes, Ordering::Relaxed))
            .map(drop)
            .map_err(|e| format!("{}: {e}", WAYS[way]));
        let took = start.elapsed().as_micros() as u64;
        state.longest.fetch_max(took, Ordering::Relaxed);
        state.done[way].fetch_add(1, Ordering::Relaxed);
    }
    result
}

/// One step; how many bytes it has compared.
fn step(shared: &Shared<'_>, way: &str, offset: u64, random: &mut Random) -> Result<u64> {
    let Shared { fd, golden, .. } = shared;
    let rest = golden.len() as u64 - offset;
    let most = |limit: u64, random: &mut Random| 1 + random.below(rest.min(limit));
    match way {
        "random" => read(fd, golden, offset, most(256 << 10, random)),
        "page" => read(fd, golden, offset, most(PAGE as u64, random)),
        "in-order" | "backwards" => {
            let pieces = 1 + random.below(24);
            let len = most(96 << 10, random);
            let mut total = 0;
            for piece in 0..pieces {
                let at = if way == "in-order" {
                    offset + piece * len
                } else {
                    offset.saturating_sub(piece * len)
                };
                let left = (golden.len() as u64).saturating_sub(at);
                if left == 0 {
                    break;
                }
                total += read(fd, golden, at, len.min(left))?;
            }
            Ok(total)
        }
        "mapped" => mapped(fd, golden, offset, most(512 << 10, random), random),
        "spliced" => spliced(fd, golden, offset, most(64 << 10, random)),
        "ahead" => advise(fd, offset, most(3 << 20, random), Advice::WillNeed),
        _ => advise(fd, offset, most(2 << 20, random), Advice::DontNeed),
    }
}

fn verify(got: &[u8], golden: &[u8], at: u64) -> Result<u64> {
    let want = &golden[at as usize..][..got.len()];
    if got == want {
        return Ok(got.len() as u64);
    }
    let same = got.iter().zip(want).take_while(|(a, b)| a == b).count();
    let wrong = got.iter().zip(want).filter(|(a, b)| a != b).count();
    Err(format!(
        "{} bytes at {at}: {wrong} wrong, the first at {}",
        got.len(),
        at + same as u64
    ))
}

fn read(fd: &OwnedFd, golden: &[u8], at: u64, len: u64) -> Result<u64> {
    let mut got = vec![0xa5; len as usize];
    let n = pread_full(fd, &mut got, at).what(|| format!("pread at {at}"))?;
    if n as u64 != len {
        return Err(format!("{n} of {len} bytes at {at}"));
    }
    verify(&got, golden, at)
}

/// A byte range by its pages, in an order that the kernel does not expect.
fn mapped(fd: &OwnedFd, golden: &[u8], at: u64, len: u64, random: &mut Random) -> Result<u64> {
    let start = at & !(PAGE as u64 - 1);
    let len = (at + len - start) as usize;
    let map = Map::new(fd.as_fd(), start, len).what(|| format!("mmap at {start}"))?;
    let pages = len.div_ceil(PAGE);
    let first = random.below(pages as u64) as usize;
    let mut total = 0;
    for page in (0..pages).map(|page| (page + first) % pages) {
        let from = page * PAGE;
        let bytes = &map.bytes()[from..len.min(from + PAGE)];
        total += verify(bytes, golden, start + from as u64)?;
    }
    Ok(total)
}

fn spliced(fd: &OwnedFd, golden: &[u8], at: u64, len: u64) -> Result<u64> {
    let (out, into) = pipe().what(|| "pipe".into())?;
    let mut offset = at;
    let moved = splice(
        fd,
        Some(&mut offset),
        &into,
        None,
        len as usize,
        SpliceFlags::empty(),
    )
    .what(|| format!("splice at {at}"))?;
    let mut got = vec![0xa5; moved];
    let mut done = 0;
    while done < moved {
        done += rustix::io::read(&out, &mut got[done..]).what(|| "pipe".into())?;
    }
    verify(&got, golden, at)
}

fn advise(fd: &OwnedFd, at: u64, len: u64, advice: Advice) -> Result<u64> {
    fadvise(fd, at, std::num::NonZeroU64::new(len), advice).what(|| "fadvise".into())?;
    Ok(0)
}
