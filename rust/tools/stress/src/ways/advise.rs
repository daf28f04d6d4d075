// SPDX-License-Identifier: GPL-2.0
//! posix_fadvise(2), and a read of what it was about.

use std::num::NonZeroU64;
use std::path::Path;

use rustix::fs::{fadvise, Advice, OFlags};
use rustix::io::pread;

use super::State;
use crate::golden::{File, Golden, PAGE};
use crate::slot;
use crate::trouble::{Context, Step};

const ADVICE: [Advice; 6] = [
    Advice::Normal,
    Advice::Sequential,
    Advice::Random,
    Advice::WillNeed,
    Advice::DontNeed,
    Advice::NoReuse,
];

pub(super) fn advise(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let (first, count) = state.range(file);
    let at = first * PAGE as u64;
    for _ in 0..1 + state.rng.u32(..3) {
        let advice = ADVICE[state.rng.usize(..ADVICE.len())];
        let (at, len) = match state.rng.bool() {
            true => (0, None),
            false => (at, NonZeroU64::new(count * PAGE as u64)),
        };
        fadvise(&fd, at, len, advice).what(|| format!("fadvise {} {advice:?}", file.path))?;
    }
    // Often enough nobody comes for what was read ahead.
    if state.rng.u32(..3) == 0 {
        return Ok(0);
    }
    let mut bytes = vec![0xa5; file.len(first, count)];
    let n = pread(&fd, &mut bytes, at).what(|| format!("read {}", file.path))?;
    let whole = if n == bytes.len() { n } else { n - n % PAGE };
    file.check("advised", first, &bytes[..whole])
}
