// SPDX-License-Identifier: GPL-2.0

//! MicroLZMA.
//!
//! C header: [`include/linux/xz.h`](srctree/include/linux/xz.h)

use super::{
    int,
    whole,
    Pool,
    Source,
    Target, //
};
use crate::{
    bindings,
    sys::pool::{
        Effort,
        Item, //
    }, //
};
use core::ptr::NonNull;
use kernel::prelude::*;

/// As much as the header says that a context takes.
pub(super) const NEED: usize = 30 << 10;

/// The largest dictionary of all images: how far back matches may go.
const DICT_SIZE: u32 = 8 << 20;

/// The state of a decoder, which has the target for a dictionary.
///
/// # Invariants
///
/// From `xz_dec_microlzma_alloc`, with XZ_SINGLE, and ours.
pub(super) struct Context(NonNull<bindings::xz_dec_microlzma>);

// SAFETY: memory that any thread may use and free.
unsafe impl Send for Context {}

impl Item for Context {
    fn make(_need: usize, effort: Effort) -> Result<Self> {
        // It is allocated with flags that we have no say in.
        if effort == Effort::Light {
            return Err(ENOMEM);
        }
        // SAFETY: allocates, in a context that may sleep.
        let state =
            unsafe { bindings::xz_dec_microlzma_alloc(bindings::xz_mode_XZ_SINGLE, DICT_SIZE) };
        // INVARIANT: so it is.
        Ok(Self(NonNull::new(state).ok_or(ENOMEM)?))
    }

    fn size(&self) -> usize {
        NEED
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: by the invariant.
        unsafe { bindings::xz_dec_microlzma_end(self.0.as_ptr()) };
    }
}

pub(super) fn decode(
    pool: &Pool<Context>,
    source: Source<'_>,
    target: Target<'_>,
    exact: bool,
) -> Result {
    let context = pool.take(NEED)?;
    let mut buffers = bindings::xz_buf {
        in_: source.as_ptr(),
        in_pos: 0,
        in_size: source.len(),
        out: target.as_ptr(),
        out_pos: 0,
        out_size: target.len(),
    };
    // SAFETY: the state is ours; the decoder keeps to the lengths.
    let status = unsafe {
        let state = context.0.as_ptr();
        bindings::xz_dec_microlzma_reset(
            state,
            int(source.len())?,
            int(target.len())?,
            exact.into(),
        );
        bindings::xz_dec_microlzma_run(state, &raw mut buffers)
    };
    // All else is an error, or that it would like to have more bytes, which there are not.
    match status {
        bindings::xz_ret_XZ_STREAM_END => whole(buffers.out_pos, target),
        _ => Err(EIO),
    }
}
