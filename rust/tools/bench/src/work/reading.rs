// SPDX-License-Identifier: GPL-2.0

//! Reads, faults and opens of one large file. Where images share, the file is read through one
//! image and measured through the other.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::fs::{openat, Mode, OFlags};

use super::{count, Bench, INSTRUCTION};
use crate::contender::Mounted;
use crate::{machine, sys, Result};

/// The file of 16 MiB that both images have.
const FILE: &str = "16M";

fn read_whole(file: &File, chunk: usize) -> Result<()> {
    let mut buffer = vec![0; chunk];
    let mut pos = 0;
    loop {
        match file.read_at(&mut buffer, pos)? {
            0 => return Ok(()),
            n => pos += n as u64,
        }
    }
}

/// The images, mounted. The second is where the work is done.
struct Pair {
    first: Option<Mounted>,
    second: Mounted,
}

impl Pair {
    fn cold(bench: &Bench<'_>) -> Result<Self> {
        let first = match bench.contender.shares {
            true => Some(Mounted::new(bench.contender, bench.a)?),
            false => None,
        };
        let second = Mounted::new(bench.contender, bench.b)?;
        // What both need to find the file is not what is measured.
        std::fs::metadata(second.path(FILE))?;
        machine::settle()?;
        std::fs::metadata(second.path(FILE))?;
        Ok(Self { first, second })
    }

    fn warm(bench: &Bench<'_>) -> Result<Self> {
        let pair = Self::cold(bench)?;
        let reader = pair.first.as_ref().unwrap_or(&pair.second);
        read_whole(&File::open(reader.path(FILE))?, 1 << 20)?;
        Ok(pair)
    }

    fn file(&self) -> Result<File> {
        Ok(File::open(self.second.path(FILE))?)
    }

    fn end(self) -> Result<()> {
        if let Some(first) = self.first {
            first.unmount()?;
        }
        self.second.unmount()
    }
}

/// Cold, then warm by two sizes.
pub(super) fn read(bench: &mut Bench<'_>) -> Result<()> {
    let pair = Pair::cold(bench)?;
    let file = pair.file()?;
    let value = count(|| read_whole(&file, 1 << 20))?;
    bench.note("cold, 1 MiB", INSTRUCTION, value);
    drop(file);
    pair.end()?;

    let pair = Pair::warm(bench)?;
    let file = pair.file()?;
    read_whole(&file, 1 << 20)?;
    let value = count(|| read_whole(&file, 1 << 20))?;
    bench.note("warm, 1 MiB", INSTRUCTION, value);
    let value = count(|| read_whole(&file, 4 << 10))?;
    bench.note("warm, 4 KiB", INSTRUCTION, value);
    drop(file);
    pair.end()
}

/// Every page of a mapping of cached pages.
pub(super) fn fault(bench: &mut Bench<'_>) -> Result<()> {
    let pair = Pair::warm(bench)?;
    let file = pair.file()?;
    for (part, advice) in [
        ("sequential", memmap2::Advice::Normal),
        ("random", memmap2::Advice::Random),
    ] {
        let map = sys::map(&file)?;
        map.advise(advice)?;
        let value = count(|| {
            let touched = map.iter().step_by(4096).fold(0u8, |sum, byte| sum ^ byte);
            std::hint::black_box(touched);
            Ok(())
        })?;
        bench.note(part, INSTRUCTION, value);
    }
    drop(file);
    pair.end()
}

fn open_often(root: &File) -> Result<()> {
    for _ in 0..1000 {
        drop(openat(root, FILE, OFlags::RDONLY, Mode::empty())?);
    }
    Ok(())
}

/// 1,000 times, after the first; by a path of one name, so that it is the file which is measured.
pub(super) fn open(bench: &mut Bench<'_>) -> Result<()> {
    let pair = Pair::warm(bench)?;
    let root = File::open(pair.second.path("."))?;
    open_often(&root)?;
    let value = count(|| open_often(&root))? / 1000.0;
    bench.note("", INSTRUCTION, value);
    drop(root);
    pair.end()
}
