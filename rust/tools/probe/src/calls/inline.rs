// SPDX-License-Identifier: GPL-2.0
//! Cached pages are read within io_uring_enter(2): by its caller, not by a worker.

use std::fs::read_to_string;

use crate::content::open;
use crate::error::{Context, Result};
use crate::lazy::evict;
use crate::pair::{big, golden, verify, verify_read, Setup, BIG};
use crate::pattern::Random;
use crate::sys::asynchronous::{inline_by_ring, Read};
use crate::sys::PAGE;

const READS: usize = 64;

pub(super) fn run(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    // What one image has read is there for the other.
    verify_read(&open(&big(&a))?, &golden)?;
    let cached = submit(&open(&big(&b))?, &golden)?;
    evict()?;
    let cold = submit(&open(&big(&b))?, &golden)?;
    println!("cached: {}; cold: {}", cached.text(), cold.text());
    a.end()?;
    b.end()?;
    if cached.completed != READS || cached.workers != 0 {
        return Err(format!(
            "of {READS} reads of cached pages {}",
            cached.text()
        ));
    }
    Ok(())
}

struct Outcome {
    /// Reads that had completed when they were all submitted.
    completed: usize,
    /// Threads that the kernel has made for what it could not do at once.
    workers: usize,
}

impl Outcome {
    fn text(&self) -> String {
        format!(
            "{} at once, {} workers so far",
            self.completed, self.workers
        )
    }
}

fn submit(file: &std::os::fd::OwnedFd, golden: &[u8]) -> Result<Outcome> {
    let mut random = Random::new(6);
    let pages = (BIG / PAGE) as u64;
    let mut reads: Vec<Read> = (0..READS)
        .map(|_| Read::new(random.below(pages - 16) * PAGE as u64, 16))
        .collect();
    let file = file.try_clone().map_err(|e| e.to_string())?;
    let completed = inline_by_ring(file, &mut reads).what(|| "submit".into())?;
    let workers = workers()?;
    for read in &reads {
        let bytes = read.bytes().what(|| format!("read at {}", read.offset))?;
        verify(&bytes, golden, read.offset as usize)?;
        if bytes.len() != 16 * PAGE {
            return Err(format!("{} bytes at {}", bytes.len(), read.offset));
        }
    }
    Ok(Outcome {
        completed: completed as usize,
        workers,
    })
}

/// They stay for some seconds after their work.
pub(crate) fn workers() -> Result<usize> {
    let tasks = std::fs::read_dir("/proc/self/task").map_err(|e| e.to_string())?;
    let names = tasks
        .filter_map(std::result::Result::ok)
        .filter_map(|task| read_to_string(task.path().join("comm")).ok());
    Ok(names.filter(|name| name.starts_with("iou-wrk")).count())
}
