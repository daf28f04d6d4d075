// SPDX-License-Identifier: GPL-2.0
//! Files by several threads at once, each in its own way and order.

use std::path::Path;
use std::thread;

use rustix::fs::{fadvise, Advice};

use super::{open, way, Window};
use crate::error::Result;

const WAYS: [&str; 4] = ["sizes", "pread", "mmap", "splice"];

/// A file's path, its size, and what it holds.
pub(crate) type Known<'a> = (&'a Path, u64, &'a [Window]);

/// All of `files` below `dir` by every thread, at first near to each other, each windows from the first
/// on or from the last.
pub(crate) fn by_threads(dir: &Path, files: &[Known<'_>]) -> Result<()> {
    for (path, ..) in files {
        let _ = fadvise(open(&dir.join(path))?, 0, None, Advice::DontNeed);
    }
    let one = |number: usize| -> Result<()> {
        for (path, size, golden) in files {
            let fd = open(&dir.join(path))?;
            let count = golden.len();
            for i in 0..count {
                let i = if number % 2 == 0 { i } else { count - 1 - i };
                way(WAYS[number], &fd, *size, &golden[i])
                    .map_err(|e| format!("{}: {}: {e}", path.display(), WAYS[number]))?;
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..WAYS.len())
            .map(|number| scope.spawn(move || one(number)))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            let result = thread.join();
            result.map_err(|_| "a reader panicked".to_string())?
        })
    })
}
