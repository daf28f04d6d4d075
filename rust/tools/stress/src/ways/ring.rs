// SPDX-License-Identifier: GPL-2.0
//! io_uring(7): many reads at once, inline or by the kernel's workers.

use std::os::fd::AsFd;
use std::path::Path;

use io_uring::IoUring;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::State;
use crate::golden::{File, Golden, PAGE};
use crate::slot;
use crate::sys::{ring_reads, Read};
use crate::trouble::{Context, Step, Trouble};

const DEPTH: u32 = 16;

pub(super) fn read(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let mut ring = match state.ring.take() {
        Some(ring) => ring,
        None => IoUring::new(DEPTH).what(|| "io_uring_setup".into())?,
    };
    let forced = state.rng.u32(..3) == 0;
    let count = 1 + state.rng.u32(..DEPTH);
    let reads = (0..count).map(|_| {
        let (first, count) = state.range(file);
        Read {
            offset: first * PAGE as u64,
            buffer: vec![0xa5; file.len(first, count.min(16))],
            result: i32::MIN,
            forced,
        }
    });
    let reads = reads.collect();
    let reads =
        ring_reads(&mut ring, fd.as_fd(), reads).what(|| format!("io_uring {}", file.path))?;
    state.ring = Some(ring);
    let mut total = 0;
    for read in reads {
        let what = || format!("io_uring {} at {}", file.path, read.offset);
        let Ok(n) = usize::try_from(read.result) else {
            return Err(Trouble::Failed(
                what(),
                Errno::from_raw_os_error(-read.result),
            ));
        };
        if n == 0 {
            return Err(Trouble::Wrong(format!("{}: no bytes", what())));
        }
        let whole = if n == read.buffer.len() {
            n
        } else {
            n - n % PAGE
        };
        total += file.check("io_uring", read.offset / PAGE as u64, &read.buffer[..whole])?;
    }
    Ok(total)
}
