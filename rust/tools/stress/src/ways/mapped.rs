// SPDX-License-Identifier: GPL-2.0
//! mmap(2).

use std::path::Path;

use memmap2::{Advice, Mmap};
use rustix::fs::OFlags;

use super::State;
use crate::golden::{File, Golden, PAGE};
use crate::slot;
use crate::sys::{self, Range};
use crate::trouble::{Context, Step, Trouble};

/// Compares a mapping page by page, in an order that readahead does not expect.
fn compare(state: &mut State, file: &File, how: &str, first: u64, bytes: &[u8]) -> Step {
    let pages = bytes.len().div_ceil(PAGE);
    let (start, step) = (
        state.rng.usize(..pages),
        [1, pages - 1, 7][state.rng.usize(..3)],
    );
    let mut total = 0;
    // A step that shares a factor with the number of pages leaves some out, which the order in turn does not.
    for turn in 0..pages {
        let page = match gcd(step, pages) {
            1 => (start + turn * step) % pages,
            _ => turn,
        };
        let part = &bytes[page * PAGE..bytes.len().min((page + 1) * PAGE)];
        total += file.check(how, first + page as u64, part)?;
    }
    Ok(total)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

const ADVICE: [i32; 6] = [
    libc::MADV_NORMAL,
    libc::MADV_RANDOM,
    libc::MADV_SEQUENTIAL,
    libc::MADV_WILLNEED,
    libc::MADV_COLD,
    libc::MADV_PAGEOUT,
];

fn advise(state: &mut State, map: &Mmap) -> std::result::Result<(), Trouble> {
    let advice = ADVICE[state.rng.usize(..ADVICE.len())];
    sys::advise(map, advice).what(|| format!("madvise {advice}"))?;
    // Where a device fails a touch is a signal, and this an error.
    map.advise(Advice::PopulateRead).what(|| "populate".into())
}

/// A range of the file, and its first page.
fn some(state: &mut State, file: &File) -> (u64, Range) {
    let (first, count) = state.range(file);
    let range = Range {
        offset: first * PAGE as u64,
        len: file.len(first, count),
    };
    (first, range)
}

pub(super) fn shared(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let (first, range) = some(state, file);
    let map = range.map(&fd).what(|| format!("mmap {}", file.path))?;
    drop(fd);
    advise(state, &map)?;
    if state.rng.u32(..6) == 0 && map.lock().is_ok() {
        let total = compare(state, file, "mlock", first, &map)?;
        map.unlock().what(|| "munlock".into())?;
        return Ok(total);
    }
    compare(state, file, "mmap", first, &map)
}

/// As code is.
pub(super) fn code(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let (first, range) = some(state, file);
    let map = range.map_code(&fd).what(|| format!("mmap {}", file.path))?;
    advise(state, &map)?;
    compare(state, file, "code", first, &map)
}

/// A private copy that is written to: the file must not see it.
pub(super) fn copy(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let (first, range) = some(state, file);
    let mut copy = range.map_copy(&fd).what(|| format!("mmap {}", file.path))?;
    copy.advise(Advice::PopulateRead)
        .what(|| "populate".into())?;
    let total = file.check("copy", first, &copy)?;
    for byte in copy.iter_mut().step_by(PAGE) {
        *byte ^= 0xff;
    }
    let map = range.map(&fd).what(|| format!("mmap {}", file.path))?;
    map.advise(Advice::PopulateRead)
        .what(|| "populate".into())?;
    Ok(total + compare(state, file, "beside a copy", first, &map)?)
}
