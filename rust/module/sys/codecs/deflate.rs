// SPDX-License-Identifier: GPL-2.0

//! Raw deflate.
//!
//! C header: [`include/linux/zlib.h`](srctree/include/linux/zlib.h)

use super::{
    int,
    Buffer,
    Pool,
    Source,
    Target, //
};
use crate::bindings;
use kernel::prelude::*;

/// The smallest window, with the sign that stands for raw data. All comes out in one call, where
/// matches are copied from the target; the window is only what is kept for a next call.
const WINDOW_BITS: i32 = -8;

/// How much memory a decoder works in.
pub(super) fn need() -> usize {
    // SAFETY: gives a constant.
    let size = unsafe { bindings::zlib_inflate_workspacesize() };
    usize::try_from(size).unwrap_or(usize::MAX)
}

pub(super) fn decode(
    pool: &Pool<Buffer>,
    source: Source<'_>,
    target: Target<'_>,
    exact: bool,
) -> Result {
    let context = pool.take(need())?;
    // SAFETY: all zeros is valid for a struct of numbers and pointers.
    let mut stream: bindings::z_stream = unsafe { core::mem::zeroed() };
    stream.workspace = context.start().as_ptr().cast();
    stream.next_in = source.as_ptr();
    stream.avail_in = int(source.len())?;
    stream.next_out = target.as_ptr();
    stream.avail_out = int(target.len())?;
    // SAFETY: the workspace is as large as it must be, and ours; the decoder keeps to the lengths.
    let status = unsafe {
        if bindings::zlib_inflateInit2(&raw mut stream, WINDOW_BITS) != bindings::Z_OK as i32 {
            return Err(EIO);
        }
        bindings::zlib_inflate(&raw mut stream, bindings::Z_SYNC_FLUSH as i32)
    };
    let ended = status == bindings::Z_STREAM_END as i32;
    let stopped = status == bindings::Z_OK as i32 && !exact;
    match stream.avail_out == 0 && (ended || stopped) {
        true => Ok(()),
        false => Err(EIO),
    }
}
