// SPDX-License-Identifier: GPL-2.0

//! What is in memory, and was read from devices, after all files of two images were taken.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use rustix::fs::sendfile;

use super::walking::list_all;
use super::Bench;
use crate::contender::Mounted;
use crate::{machine, sys, Result};

/// As much as cat(1) asks for at once.
const CHUNK: usize = 128 << 10;

/// Takes one regular file, and says how many bytes it gave.
type Visit = fn(&Path) -> Result<u64>;

/// Calls `visit` for every regular file below `dir`, and sums up.
fn each_file(dir: &Path, visit: Visit) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            bytes += each_file(&path, visit)?;
        } else if kind.is_file() {
            bytes += visit(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    Ok(bytes)
}

/// Both images, with nothing of their files in memory but names and attributes.
fn mounted(bench: &Bench<'_>) -> Result<[Mounted; 2]> {
    let images = [
        Mounted::new(bench.contender, bench.a)?,
        Mounted::new(bench.contender, bench.b)?,
    ];
    machine::settle()?;
    for image in &images {
        list_all(image.path(""))?;
    }
    Ok(images)
}

fn take(bench: &mut Bench<'_>, visit: Visit) -> Result<()> {
    let images = mounted(bench)?;
    let cached = machine::page_cache()?;
    let read = machine::read_kib()?;
    let mut bytes = 0;
    for image in &images {
        bytes += each_file(&image.path(""), visit)?;
    }
    let cached = machine::page_cache()?.saturating_sub(cached);
    let read = machine::read_kib()?.saturating_sub(read);
    bench.note("page cache", "KiB", cached as f64);
    bench.note("device", "KiB", read as f64);
    bench.note("given", "bytes", bytes as f64);
    images.into_iter().try_for_each(Mounted::unmount)
}

fn sum_until_end(mut next: impl FnMut() -> Result<usize>) -> Result<u64> {
    let mut bytes = 0;
    loop {
        match next()? {
            0 => return Ok(bytes),
            n => bytes += n as u64,
        }
    }
}

/// By read(2).
pub(super) fn read(bench: &mut Bench<'_>) -> Result<()> {
    take(bench, |path| {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; CHUNK];
        sum_until_end(|| Ok(file.read(&mut buffer)?))
    })
}

/// By sendfile(2).
pub(super) fn send(bench: &mut Bench<'_>) -> Result<()> {
    take(bench, |path| {
        let file = File::open(path)?;
        let null = File::options().write(true).open("/dev/null")?;
        sum_until_end(|| Ok(sendfile(&null, &file, None, CHUNK)?))
    })
}

/// By faults, every page of a mapping.
pub(super) fn map(bench: &mut Bench<'_>) -> Result<()> {
    take(bench, |path| {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(0);
        }
        let map = sys::map(&file)?;
        std::hint::black_box(map.iter().step_by(4096).fold(0, |sum, byte| sum ^ byte));
        Ok(map.len() as u64)
    })
}

/// What is in memory after every name and inode was looked at.
pub(super) fn list(bench: &mut Bench<'_>) -> Result<()> {
    let images = [
        Mounted::new(bench.contender, bench.a)?,
        Mounted::new(bench.contender, bench.b)?,
    ];
    machine::settle()?;
    machine::shrink_slabs()?;
    let objects = machine::objects(&["inode", "dentry"])?;
    let slabs = machine::slabs()?;
    let cached = machine::page_cache()?;
    for image in &images {
        list_all(image.path(""))?;
    }
    let cached = machine::page_cache()?.saturating_sub(cached);
    let slabs = machine::slabs()?.saturating_sub(slabs);
    let objects = machine::objects(&["inode", "dentry"])?.saturating_sub(objects);
    bench.note("slabs", "KiB", slabs as f64);
    bench.note("inodes and dentries", "objects", objects as f64);
    bench.note("page cache", "KiB", cached as f64);
    images.into_iter().try_for_each(Mounted::unmount)
}
