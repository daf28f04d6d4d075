// SPDX-License-Identifier: GPL-2.0

//! Zstandard frames.
//!
//! C header: [`include/linux/zstd.h`](srctree/include/linux/zstd.h)

use super::{
    whole,
    Buffer,
    Pool,
    Source,
    Target, //
};
use crate::bindings;
use kernel::prelude::*;

/// How much memory the decoder of whole frames works in.
pub(super) fn need() -> usize {
    // SAFETY: gives a constant.
    unsafe { bindings::zstd_dctx_workspace_bound() }
}

/// The same for the decoder that stops, which has a window of its own.
fn need_start(window_log: u8) -> usize {
    let window = 1usize.checked_shl(window_log.into()).unwrap_or(usize::MAX);
    // SAFETY: only computes.
    unsafe { bindings::zstd_dstream_workspace_bound(window) }
}

pub(super) fn decode(
    pool: &Pool<Buffer>,
    window_log: u8,
    source: Source<'_>,
    target: Target<'_>,
    exact: bool,
) -> Result {
    match exact {
        true => frame(pool, source, target),
        false => start(pool, window_log, source, target),
    }
}

/// All of a frame, straight into the target.
fn frame(pool: &Pool<Buffer>, source: Source<'_>, target: Target<'_>) -> Result {
    let need = need();
    let context = pool.take(need)?;
    // SAFETY: the memory is ours, as large as it must be, and aligned to a page; the decoder
    // keeps to the lengths.
    let done = unsafe {
        let decoder = bindings::zstd_init_dctx(context.start().as_ptr().cast(), need);
        if decoder.is_null() {
            return Err(EIO);
        }
        bindings::zstd_decompress_dctx(
            decoder,
            target.as_ptr().cast(),
            target.len(),
            source.as_ptr().cast(),
            source.len(),
        )
    };
    // An error is a number that no length reaches.
    whole(done, target)
}

/// The start of a frame.
fn start(pool: &Pool<Buffer>, window_log: u8, source: Source<'_>, target: Target<'_>) -> Result {
    let need = need_start(window_log);
    let context = pool.take(need)?;
    // SAFETY: as in `frame`.
    let decoder = unsafe {
        bindings::zstd_init_dstream(1 << window_log, context.start().as_ptr().cast(), need)
    };
    if decoder.is_null() {
        return Err(EIO);
    }
    let mut from = bindings::zstd_in_buffer {
        src: source.as_ptr().cast(),
        size: source.len(),
        pos: 0,
    };
    let mut to = bindings::zstd_out_buffer {
        dst: target.as_ptr().cast(),
        size: target.len(),
        pos: 0,
    };
    while to.pos < to.size {
        let before = (from.pos, to.pos);
        // SAFETY: the decoder works in memory that is ours, and keeps to the lengths.
        let left = unsafe { bindings::zstd_decompress_stream(decoder, &raw mut to, &raw mut from) };
        // SAFETY: only compares.
        let failed = unsafe { bindings::zstd_is_error(left) } != 0;
        // The frame ended, or its rest is not there.
        let ended = left == 0 || before == (from.pos, to.pos);
        if failed || (ended && to.pos < to.size) {
            return Err(EIO);
        }
    }
    Ok(())
}
