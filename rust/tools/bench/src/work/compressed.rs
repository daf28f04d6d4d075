// SPDX-License-Identifier: GPL-2.0

//! Cold reads of libraries, by both readahead windows.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::{count, Bench, INSTRUCTION};
use crate::contender::Mounted;
use crate::{machine, sys, Result};

/// Where the libraries are.
const LIBRARIES: &str = "lib";

/// Windows in KiB, and how they are called.
pub(super) const WINDOWS: [(u32, &str); 2] = [(8192, "8 MiB window"), (128, "128 KiB window")];

/// For each window.
const CACHED: [&str; 2] = ["8 MiB window, page cache", "128 KiB window, page cache"];

const PAGE: u64 = 4096;

pub(super) fn libraries(image: &Mounted) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(image.path(LIBRARIES))? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The libraries of an image, found and looked at, with nothing of them in memory.
fn cold(image: &Mounted) -> Result<Vec<PathBuf>> {
    let paths = libraries(image)?;
    machine::settle()?;
    for path in &paths {
        fs::metadata(path)?;
    }
    Ok(paths)
}

pub(super) fn read_all(paths: &[PathBuf], buffer: &mut [u8]) -> Result<()> {
    for path in paths {
        let file = File::open(path)?;
        let mut pos = 0;
        loop {
            match file.read_at(buffer, pos)? {
                0 => break,
                n => pos += n as u64,
            }
        }
    }
    Ok(())
}

/// Every library from its start to its end, in steps of 1 MiB.
pub(super) fn sequential(bench: &mut Bench<'_>) -> Result<()> {
    let mut buffer = vec![1; 1 << 20];
    for (kib, part) in WINDOWS {
        bench.a.set_window(kib)?;
        let image = Mounted::new(bench.contender, bench.a)?;
        let paths = cold(&image)?;
        let value = count(|| read_all(&paths, &mut buffer))?;
        bench.note(part, INSTRUCTION, value);
        image.unmount()?;
    }
    Ok(())
}

/// Every page of mappings of all libraries, in order: how programs take them.
pub(super) fn fault(bench: &mut Bench<'_>) -> Result<()> {
    for (kib, part) in WINDOWS {
        bench.a.set_window(kib)?;
        let image = Mounted::new(bench.contender, bench.a)?;
        let paths = cold(&image)?;
        let value = count(|| {
            for path in &paths {
                let map = sys::map(&File::open(path)?)?;
                let touched = map
                    .iter()
                    .step_by(PAGE as usize)
                    .fold(0, |sum, byte| sum ^ byte);
                std::hint::black_box(touched);
            }
            Ok(())
        })?;
        bench.note(part, INSTRUCTION, value);
        image.unmount()?;
    }
    Ok(())
}

/// Numbers that look random, the same in each run (Steele and others, SplitMix, 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

/// Pages of files.
struct Scattered {
    /// By the number of the file, and the position in it.
    pages: Vec<(usize, u64)>,
    files: Vec<File>,
}

/// `reads` pages of these files, each at most once, the same for everyone.
fn scattered(paths: &[PathBuf], reads: usize) -> Result<Scattered> {
    let mut pages = Vec::new();
    let mut files = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        let size = fs::metadata(path)?.len();
        pages.extend((0..size / PAGE).map(|page| (at, page * PAGE)));
        files.push(File::open(path)?);
    }
    let mut random = Random(4);
    for at in 0..reads {
        let other = at + random.below(pages.len() - at);
        pages.swap(at, other);
    }
    pages.truncate(reads);
    Ok(Scattered { pages, files })
}

/// Pages of all libraries, each at most once: many to a cluster of 64 KiB, and few.
pub(super) fn random(bench: &mut Bench<'_>) -> Result<()> {
    for (reads, part, device) in [
        (1024, "1,024 of 4 KiB", "1,024 of 4 KiB, device"),
        (128, "128 of 4 KiB", "128 of 4 KiB, device"),
    ] {
        let image = Mounted::new(bench.contender, bench.a)?;
        let paths = cold(&image)?;
        let Scattered { pages, files } = scattered(&paths, reads)?;
        let mut buffer = vec![1; PAGE as usize];
        let before = machine::read_kib()?;
        let value = count(|| {
            for &(at, pos) in &pages {
                files[at].read_exact_at(&mut buffer, pos)?;
            }
            Ok(())
        })?;
        let read = machine::read_kib()? - before;
        bench.note(part, INSTRUCTION, value);
        bench.note(device, "KiB", read as f64);
        drop(files);
        image.unmount()?;
    }
    Ok(())
}

/// What is in memory already: all libraries from start to end, and pages of them.
pub(super) fn warm(bench: &mut Bench<'_>) -> Result<()> {
    let mut buffer = vec![1; 1 << 20];
    let image = Mounted::new(bench.contender, bench.a)?;
    let paths = cold(&image)?;
    read_all(&paths, &mut buffer)?;
    let value = count(|| read_all(&paths, &mut buffer))?;
    bench.note("1 MiB", INSTRUCTION, value);
    let Scattered { pages, files } = scattered(&paths, 1024)?;
    let value = count(|| {
        for &(at, pos) in &pages {
            files[at].read_exact_at(&mut buffer[..PAGE as usize], pos)?;
        }
        Ok(())
    })?;
    bench.note("1,024 of 4 KiB", INSTRUCTION, value);
    drop(files);
    image.unmount()
}

/// One page, and 64 KiB, at two places of each library, cold and without readahead: what one cluster
/// costs who wants little of it, or much.
pub(super) fn cluster(bench: &mut Bench<'_>) -> Result<()> {
    for (part, size) in [("4 KiB", PAGE), ("64 KiB", 16 * PAGE)] {
        let image = Mounted::new(bench.contender, bench.a)?;
        let mut places = Vec::new();
        for path in cold(&image)? {
            let length = fs::metadata(&path)?.len();
            let file = File::open(path)?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Random)?;
            let positions = [length / 3, length * 2 / 3].map(|pos| pos & !(16 * PAGE - 1));
            places.push((file, positions));
        }
        let mut buffer = vec![1; size as usize];
        let value = count(|| {
            for (file, positions) in &places {
                for pos in positions {
                    file.read_exact_at(&mut buffer, *pos)?;
                }
            }
            Ok(())
        })?;
        bench.note(part, INSTRUCTION, value / (2 * places.len()) as f64);
        drop(places);
        image.unmount()?;
    }
    Ok(())
}

/// Every library of one image of two that share, then of the other, and what both leave in the
/// page cache.
pub(super) fn shared(bench: &mut Bench<'_>) -> Result<()> {
    let mut buffer = vec![1; 1 << 20];
    for ((kib, part), cached) in WINDOWS.into_iter().zip(CACHED) {
        bench.a.set_window(kib)?;
        bench.b.set_window(kib)?;
        let other = Mounted::new(bench.contender, bench.a)?;
        let image = Mounted::new(bench.contender, bench.b)?;
        let also = libraries(&other)?;
        let paths = cold(&image)?;
        let before = machine::page_cache()?;
        let value = count(|| read_all(&paths, &mut buffer))?;
        read_all(&also, &mut buffer)?;
        let grown = machine::page_cache()?.saturating_sub(before);
        bench.note(part, INSTRUCTION, value);
        bench.note(cached, "KiB", grown as f64);
        other.unmount()?;
        image.unmount()?;
    }
    Ok(())
}
