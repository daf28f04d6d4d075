// SPDX-License-Identifier: GPL-2.0
//! Small reads all over one file: one after the other, or submitted all at once.

use std::collections::BTreeSet;
use std::path::Path;

use rustix::fs::{fadvise, fstat, Advice};

use crate::content::{open, pread_full};
use crate::error::{Context, Result};
use crate::pattern::Random;
use crate::sys::asynchronous::{inline_by_ring, Read};
use crate::sys::PAGE;

/// `count` different pages in an order that is no order, or all of the file's if it has fewer.
fn places(path: &Path, count: u64) -> Result<Vec<u64>> {
    let size = fstat(open(path)?).what(|| "fstat".into())?.st_size as u64;
    let pages = size / PAGE as u64;
    let mut random = Random::new(pages);
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    while places.len() < count.min(pages / 2) as usize {
        let page = random.below(pages);
        if seen.insert(page) {
            places.push(page * PAGE as u64);
        }
    }
    Ok(places)
}

/// Reads `count` pages by pread(2).
pub(crate) fn run(path: &Path, count: u64) -> Result<()> {
    let fd = open(path)?;
    fadvise(&fd, 0, None, Advice::Random).what(|| "fadvise".into())?;
    let mut bytes = 0;
    for at in places(path, count)? {
        bytes += pread_full(&fd, &mut [0; PAGE], at).what(|| format!("pread at {at}"))?;
    }
    println!("bytes={bytes}");
    Ok(())
}

/// Submits `count` reads to io_uring(7), and says how many were done when all were submitted, and
/// how many threads the kernel made for the others.
pub(crate) fn by_ring(path: &Path, count: u64) -> Result<()> {
    let mut reads: Vec<Read> = places(path, count)?
        .into_iter()
        .map(|at| Read::new(at, 1))
        .collect();
    let at_once = inline_by_ring(open(path)?, &mut reads).what(|| "submit".into())?;
    let workers = crate::calls::inline::workers()?;
    let fd = open(path)?;
    for read in &reads {
        let got = read.bytes().what(|| format!("read at {}", read.offset))?;
        let mut want = [0; PAGE];
        pread_full(&fd, &mut want, read.offset).what(|| "pread".into())?;
        if got != want {
            return Err(format!("wrong bytes at {}", read.offset));
        }
    }
    println!("reads={} at-once={at_once} workers={workers}", reads.len());
    Ok(())
}
