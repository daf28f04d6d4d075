// SPDX-License-Identifier: GPL-2.0

//! LZ4 blocks, by a decoder of our own: the kernel's takes 1.4 times the instructions.

mod block;
mod copy;

use super::{
    Scratch,
    Source,
    Target, //
};
use block::{
    Done,
    Outcome, //
};
use kernel::prelude::*;

/// As [`Ready::decode`](super::Ready::decode), with memory from `scratch`.
pub(super) fn decode<'a>(
    source: Source<'_>,
    target: Target<'_>,
    exact: bool,
    scratch: impl FnOnce(usize) -> Result<Scratch<'a>>,
) -> Result<bool> {
    let (pos, done) = match run(source, target, exact, Done::default()) {
        Outcome::Whole => return Ok(false),
        Outcome::Broken => return Err(EIO),
        Outcome::Crowded(pos, done) => (pos, done),
    };
    let end = source.get(pos..source.len()).ok_or(EIO)?;
    let moved = scratch(end.len())?;
    let memory = moved.as_target();
    memory.copy_from(end);
    match run(memory.as_source(), target, exact, done) {
        Outcome::Whole => Ok(true),
        _ => Err(EIO),
    }
}

/// Decodes a block from where `done` says that it is done, with a `source` from there on.
fn run(source: Source<'_>, target: Target<'_>, exact: bool, done: Done) -> Outcome {
    let (from, to) = (source.as_ptr(), target.as_ptr());
    // SAFETY: by the invariants of both types; no cluster is near 1 GiB.
    unsafe { block::decode(from, source.len(), to, target.len(), exact, done) }
}
