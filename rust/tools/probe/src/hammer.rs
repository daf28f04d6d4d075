// SPDX-License-Identifier: GPL-2.0
//! Readers at work on one sharer while the other comes and goes.

use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use rustix::fs::{fadvise, Advice};

use crate::content::{open, pread_full};
use crate::error::{Context, Result};
use crate::mounting::{attach, block_device, detach, Mounted};
use crate::pattern::{content, Random};
use crate::sys::Map;

/// Files that both halves of the sharing pair hold, with the seeds of their content.
const COMMON: &[(&str, u64, usize)] =
    &[("big", 1000, 16 << 20), ("tailed", 1001, (1 << 20) + 1234)];
const THREADS: usize = 4;

struct Golden {
    name: &'static str,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Counts {
    reads: AtomicU64,
    maps: AtomicU64,
    evictions: AtomicU64,
}

fn golden() -> Vec<Golden> {
    COMMON
        .iter()
        .map(|(name, seed, len)| Golden {
            name,
            bytes: content(*seed, *len),
        })
        .collect()
}

/// Keeps `stays` mounted and read by four threads, and mounts, uses and unmounts `goes`
/// `loops` times.
pub(crate) fn run(kind: &str, options: &str, stays: &Path, goes: &Path, loops: u64) -> Result<()> {
    let golden = golden();
    let stop = AtomicBool::new(false);
    let counts = Counts::default();
    let mounted = Mounted::new(kind, options, stays)?;
    let result: Result<()> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|i| {
                let (golden, stop, counts, dir) = (&golden, &stop, &counts, &mounted.dir);
                scope.spawn(move || {
                    let mut random = Random::new(i as u64);
                    while !stop.load(Ordering::Relaxed) {
                        let done = if i % 2 == 0 {
                            read_some(dir, golden, &mut random, counts)
                        } else {
                            map_some(dir, golden, &mut random, counts)
                        };
                        if done.is_err() {
                            stop.store(true, Ordering::Relaxed);
                            return done;
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        let looped = come_and_go(kind, options, goes, loops, &golden, &stop);
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread
                .join()
                .map_err(|_| "a reader panicked".to_string())??;
        }
        looped
    });
    println!(
        "loops={loops} reads={} maps={} evictions={}",
        counts.reads.load(Ordering::Relaxed),
        counts.maps.load(Ordering::Relaxed),
        counts.evictions.load(Ordering::Relaxed),
    );
    result
}

fn pick<'a>(golden: &'a [Golden], random: &mut Random, most: u64) -> (&'a Golden, usize, usize) {
    let file = &golden[random.below(golden.len() as u64) as usize];
    let len = file.bytes.len() as u64;
    let start = random.below(len);
    let count = 1 + random.below((len - start).min(most));
    (file, start as usize, count as usize)
}

fn verify(got: &[u8], file: &Golden, start: usize) -> Result<()> {
    let want = &file.bytes[start..start + got.len()];
    if got == want {
        return Ok(());
    }
    let at = got.iter().zip(want).take_while(|(a, b)| a == b).count();
    Err(format!("{}: wrong byte at {}", file.name, start + at))
}

/// One read(2), and now and then an eviction: without it nothing would be filled any more.
fn read_some(dir: &Path, golden: &[Golden], random: &mut Random, counts: &Counts) -> Result<()> {
    let (file, start, count) = pick(golden, random, 128 << 10);
    let fd = open(&dir.join(file.name))?;
    if random.below(8) == 0 {
        let _ = fadvise(&fd, start as u64 & !4095, None, Advice::DontNeed);
        counts.evictions.fetch_add(1, Ordering::Relaxed);
    }
    let mut got = vec![0; count];
    let n = pread_full(&fd, &mut got, start as u64).what(|| format!("pread {}", file.name))?;
    if n != count {
        return Err(format!("{}: {n} of {count} bytes at {start}", file.name));
    }
    counts.reads.fetch_add(1, Ordering::Relaxed);
    verify(&got, file, start)
}

fn map_some(dir: &Path, golden: &[Golden], random: &mut Random, counts: &Counts) -> Result<()> {
    let (file, start, count) = pick(golden, random, 256 << 10);
    let fd = open(&dir.join(file.name))?;
    let base = start & !4095;
    let map = Map::new(fd.as_fd(), base as u64, start - base + count).what(|| "mmap".into())?;
    counts.maps.fetch_add(1, Ordering::Relaxed);
    verify(map.bytes(), file, base)
}

/// Every fourth time the mount goes while readahead that it began is still under way.
fn come_and_go(
    kind: &str,
    options: &str,
    source: &Path,
    loops: u64,
    golden: &[Golden],
    stop: &AtomicBool,
) -> Result<()> {
    let dir = Path::new("/run/probe-goes");
    std::fs::create_dir_all(dir).what(|| "mkdir".into())?;
    let mut random = Random::new(loops);
    let unused = Counts::default();
    for i in 0..loops {
        if stop.load(Ordering::Relaxed) {
            return Err(format!("stopped after {i} loops"));
        }
        let (device, held) = block_device(source)?;
        attach(kind, options, &device, dir).map_err(|e| format!("mount {i}: {e}"))?;
        drop(held);
        let used = match i % 4 {
            0 => begin_readahead(dir, golden, &mut random),
            1 => read_some(dir, golden, &mut random, &unused),
            2 => map_some(dir, golden, &mut random, &unused),
            _ => Ok(()),
        };
        let gone = detach(dir);
        used.and(gone).map_err(|e| format!("loop {i}: {e}"))?;
    }
    Ok(())
}

fn begin_readahead(dir: &Path, golden: &[Golden], random: &mut Random) -> Result<()> {
    let (file, start, _) = pick(golden, random, 1);
    let fd = open(&dir.join(file.name))?;
    let _ = fadvise(&fd, start as u64 & !4095, None, Advice::DontNeed);
    let _ = fadvise(&fd, start as u64 & !4095, None, Advice::WillNeed);
    Ok(())
}

/// A mapping of one sharer stays whole when the one that filled its first pages has gone.
pub(crate) fn outlive(kind: &str, options: &str, goes: &Path, stays: &Path) -> Result<()> {
    let golden = golden();
    let first = Mounted::new(kind, options, goes)?;
    let second = Mounted::new(kind, options, stays)?;
    for file in &golden {
        let half = file.bytes.len() / 2;
        let mut got = vec![0; half];
        pread_full(&open(&first.dir.join(file.name))?, &mut got, 0).what(|| "pread".into())?;
        verify(&got, file, 0)?;
    }
    let maps: Vec<Map> = golden
        .iter()
        .map(|file| {
            let fd = open(&second.dir.join(file.name))?;
            Map::new(fd.as_fd(), 0, file.bytes.len()).what(|| "mmap".into())
        })
        .collect::<Result<_>>()?;
    for (map, file) in maps.iter().zip(&golden) {
        verify(&map.bytes()[..4096], file, 0)?;
    }
    drop(first);
    for (map, file) in maps.iter().zip(&golden) {
        verify(map.bytes(), file, 0)?;
    }
    // A mapping holds its mount: it goes first.
    drop(maps);
    Ok(())
}

/// Mounts, reads a little and unmounts, `loops` times, on one device.
pub(crate) fn cycle(kind: &str, options: &str, source: &Path, loops: u64) -> Result<()> {
    let dir = Path::new("/run/probe-cycle");
    std::fs::create_dir_all(dir).what(|| "mkdir".into())?;
    let (device, _held) = block_device(source)?;
    let start = std::time::Instant::now();
    for i in 0..loops {
        attach(kind, options, &device, dir).map_err(|e| format!("mount {i}: {e}"))?;
        let used = use_a_little(dir);
        let gone = detach(dir);
        used.and(gone).map_err(|e| format!("loop {i}: {e}"))?;
    }
    println!("loops={loops} ms={}", start.elapsed().as_millis());
    Ok(())
}

fn use_a_little(dir: &Path) -> Result<()> {
    let nodes = crate::walk::walk(dir)?;
    let regular = |n: &&crate::walk::Node| n.kind == rustix::fs::FileType::RegularFile;
    for node in nodes.iter().filter(regular).take(3) {
        pread_full(&open(&dir.join(&node.path))?, &mut [0; 100], 0)
            .what(|| format!("read {}", node.path.display()))?;
    }
    Ok(())
}
