// SPDX-License-Identifier: GPL-2.0
//! read(2) and its like.

use std::io::IoSliceMut;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::{pread, preadv, preadv2, Errno, ReadWriteFlags};

use super::State;
use crate::golden::{File, Golden, PAGE};
use crate::slot;
use crate::trouble::{Context, Step, Trouble};

/// What a file cannot have: an end before its end.
fn cut_short(file: &File, at: u64) -> Trouble {
    Trouble::Wrong(format!("{} of {} bytes ends at {at}", file.path, file.size))
}

/// By several reads(2), which begin and end anywhere.
pub(super) fn pieces(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let (first, count) = state.range(file);
    let start = first * PAGE as u64;
    let mut bytes = vec![0xa5; file.len(first, count)];
    let mut done = 0;
    while done < bytes.len() {
        let most = 1 + state.rng.usize(..bytes.len() - done);
        let at = start + done as u64;
        match pread(&fd, &mut bytes[done..done + most], at)
            .what(|| format!("read {} at {at}", file.path))?
        {
            0 => return Err(cut_short(file, at)),
            n => done += n,
        }
    }
    file.check("read", first, &bytes)
}

/// All of it, front to back.
pub(crate) fn whole(file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let mut total = 0;
    for first in (0..file.pages()).step_by(64) {
        let mut bytes = vec![0xa5; file.len(first, 64)];
        let mut done = 0;
        while done < bytes.len() {
            let at = first * PAGE as u64 + done as u64;
            match pread(&fd, &mut bytes[done..], at)
                .what(|| format!("read {} at {at}", file.path))?
            {
                0 => return Err(cut_short(file, at)),
                n => done += n,
            }
        }
        total += file.check("last look", first, &bytes)?;
    }
    Ok(total)
}

/// Into pieces of memory that fit no page.
pub(super) fn vectors(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let (first, count) = state.range(file);
    let mut bytes = vec![0xa5; file.len(first, count)];
    let piece = 1 + state.rng.usize(..2 * PAGE);
    let mut done = 0;
    while done < bytes.len() {
        let at = first * PAGE as u64 + done as u64;
        let mut parts: Vec<_> = bytes[done..]
            .chunks_mut(piece)
            .take(64)
            .map(IoSliceMut::new)
            .collect();
        match preadv(&fd, &mut parts, at).what(|| format!("readv {} at {at}", file.path))? {
            0 => return Err(cut_short(file, at)),
            n => done += n,
        }
    }
    file.check("readv", first, &bytes)
}

/// Past the page cache, where the layout can.
pub(super) fn direct(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = match slot::file(&slot::root(dir)?, &file.path, OFlags::DIRECT) {
        // The peer refuses it for shared and compressed files.
        Err(Trouble::Failed(_, Errno::INVAL)) => return Ok(0),
        other => other?,
    };
    let (first, count) = state.range(file);
    let len = file.len(first, count);
    let room = count as usize * PAGE;
    let mut memory = vec![0xa5; room + PAGE];
    let skip = memory.as_ptr().align_offset(PAGE);
    let bytes = &mut memory[skip..skip + room];
    let at = first * PAGE as u64;
    let mut done = 0;
    while done < len {
        let at = at + done as u64;
        match pread(&fd, &mut bytes[done..], at).what(|| format!("direct {} at {at}", file.path))? {
            0 => return Err(cut_short(file, at)),
            n => done += n,
        }
        // A read that ended in mid-page cannot go on from there.
        done = if done < len { done - done % PAGE } else { done };
    }
    file.check("direct", first, &bytes[..len])
}

/// What is in memory, whole pages of it.
pub(super) fn nowait(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    flagged(state, file, dir, ReadWriteFlags::NOWAIT)
}

/// RWF_DONTCACHE: what was read in for it is dropped behind it.
pub(super) fn uncached(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    flagged(state, file, dir, ReadWriteFlags::from_bits_retain(0x80))
}

fn flagged(state: &mut State, file: &File, dir: &Path, flags: ReadWriteFlags) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let (first, count) = state.range(file);
    let mut bytes = vec![0xa5; file.len(first, count)];
    let at = first * PAGE as u64;
    let n = match preadv2(&fd, &mut [IoSliceMut::new(&mut bytes)], at, flags) {
        Err(Errno::AGAIN | Errno::OPNOTSUPP) => return Ok(0),
        other => other.what(|| format!("preadv2 {} at {at}", file.path))?,
    };
    if n == 0 {
        return Err(cut_short(file, at));
    }
    let whole = if n == bytes.len() { n } else { n - n % PAGE };
    file.check("preadv2", first, &bytes[..whole])
}
