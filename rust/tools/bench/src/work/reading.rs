// SPDX-License-Identifier: GPL-2.0

//! Reads, faults and opens of one large file. Where images share, the file is read through one
//! image and measured through the other.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::fs::{openat, Mode, OFlags};

use super::{count, INSTRUCTION};
use crate::contender::{Contender, Mounted};
use crate::machine;
use crate::repeat::Figure;
use crate::{sys, Result};

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
    fn cold(contender: &Contender, [a, b]: [&str; 2]) -> Result<Self> {
        let first = match contender.shares {
            true => Some(Mounted::new(contender, a)?),
            false => None,
        };
        let second = Mounted::new(contender, b)?;
        // What both need to find the file is not what is measured.
        std::fs::metadata(second.path(FILE))?;
        machine::settle()?;
        std::fs::metadata(second.path(FILE))?;
        Ok(Self { first, second })
    }

    fn warm(contender: &Contender, devices: [&str; 2]) -> Result<Self> {
        let pair = Self::cold(contender, devices)?;
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
pub(super) fn read(
    contender: &Contender,
    devices: [&str; 2],
    figures: &mut Vec<Figure>,
) -> Result<()> {
    let mut note = |part, value| {
        figures.push(Figure {
            part,
            unit: INSTRUCTION,
            value,
        })
    };
    let pair = Pair::cold(contender, devices)?;
    let file = pair.file()?;
    note("cold, 1 MiB", count(|| read_whole(&file, 1 << 20))?);
    drop(file);
    pair.end()?;

    let pair = Pair::warm(contender, devices)?;
    let file = pair.file()?;
    read_whole(&file, 1 << 20)?;
    note("warm, 1 MiB", count(|| read_whole(&file, 1 << 20))?);
    note("warm, 4 KiB", count(|| read_whole(&file, 4 << 10))?);
    drop(file);
    pair.end()
}

/// Every page of a mapping of cached pages.
pub(super) fn fault(
    contender: &Contender,
    devices: [&str; 2],
    figures: &mut Vec<Figure>,
) -> Result<()> {
    let pair = Pair::warm(contender, devices)?;
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
        figures.push(Figure {
            part,
            unit: INSTRUCTION,
            value,
        });
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
pub(super) fn open(
    contender: &Contender,
    devices: [&str; 2],
    figures: &mut Vec<Figure>,
) -> Result<()> {
    let pair = Pair::warm(contender, devices)?;
    let root = File::open(pair.second.path("."))?;
    open_often(&root)?;
    figures.push(Figure {
        part: "",
        unit: INSTRUCTION,
        value: count(|| open_often(&root))? / 1000.0,
    });
    drop(root);
    pair.end()
}
