// SPDX-License-Identifier: GPL-2.0
//! A file in pieces of other sizes and at other distances than readahead expects.

use std::os::fd::OwnedFd;

use rustix::fs::{fadvise, Advice, SeekFrom};

use super::{pread_full, same, Window};
use crate::error::{Context, Result};
use crate::pattern::Random;

/// What sequential reads ask for, in turn.
const SIZES: [usize; 7] = [1, 511, 4096, 4097, 65_536, 13, 300_000];
/// From one piece to the next: in a page, by some pages, by about a cluster.
const STRIDES: [u64; 3] = [1500, 12_289, 70_000];
/// As many pieces of each: some decode a whole cluster.
const STEPS: usize = 10;

/// Sequential, each read(2) of another size.
pub(super) fn by_sizes(fd: &OwnedFd, window: &Window) -> Result<()> {
    rustix::fs::seek(fd, SeekFrom::Start(window.offset)).what(|| "seek".into())?;
    let mut got = vec![0; window.bytes.len()];
    let mut done = 0;
    for size in SIZES.iter().cycle() {
        let end = got.len().min(done + size);
        match rustix::io::read(fd, &mut got[done..end]).what(|| "read".into())? {
            0 => break,
            n => done += n,
        }
    }
    same(&got[..done], &window.bytes, window.offset)
}

/// Some bytes, then a gap: from the window's start on, then from its end back by another distance.
pub(super) fn by_strides(fd: &OwnedFd, window: &Window) -> Result<()> {
    let len = window.bytes.len() as u64;
    for (turn, stride) in STRIDES.into_iter().enumerate() {
        let _ = fadvise(fd, window.offset, None, Advice::DontNeed);
        let last = len.saturating_sub(1) / stride;
        for step in (0..=last).take(STEPS) {
            let at = stride * if turn == 1 { last - step } else { step };
            let mut got = vec![0; 700.min(len - at.min(len)) as usize];
            let n = pread_full(fd, &mut got, window.offset + at).what(|| "pread".into())?;
            let want = &window.bytes[at as usize..][..got.len()];
            same(&got[..n], want, window.offset + at)?;
        }
    }
    Ok(())
}

/// Reads with advice between them: pages go away, or come before they are asked for, or alone.
pub(super) fn by_advice(fd: &OwnedFd, window: &Window) -> Result<()> {
    let len = window.bytes.len() as u64;
    let mut random = Random::new(window.offset ^ len ^ 2);
    for _ in 0..len.div_ceil(32 << 10).min(24) {
        let advice = match random.below(5) {
            0 => Advice::Random,
            1 => Advice::Sequential,
            2 => Advice::WillNeed,
            3 => Advice::Normal,
            _ => Advice::DontNeed,
        };
        // Pages go in whole ones, and whatever else is asked for anywhere.
        let near = window.offset + random.below(len);
        let count = std::num::NonZeroU64::new(1 + random.below(256 << 10));
        fadvise(fd, near, count, advice).what(|| "fadvise".into())?;
        let at = random.below(len);
        let mut got = vec![0; (1 + random.below((len - at).min(50_000))) as usize];
        let n = pread_full(fd, &mut got, window.offset + at).what(|| "pread".into())?;
        let want = &window.bytes[at as usize..][..got.len()];
        same(&got[..n], want, window.offset + at)?;
    }
    fadvise(fd, 0, None, Advice::Normal).what(|| "fadvise".into())
}
