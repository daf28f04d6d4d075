// SPDX-License-Identifier: GPL-2.0

//! LZ4 blocks.
//!
//! C header: [`include/linux/lz4.h`](srctree/include/linux/lz4.h)

use super::{
    int,
    whole,
    Source,
    Target, //
};
use crate::bindings;
use kernel::prelude::*;

pub(super) fn decode(source: Source<'_>, target: Target<'_>, exact: bool) -> Result {
    let (from, to) = (source.as_ptr().cast(), target.as_ptr().cast());
    let (len, size) = (int(source.len())?, int(target.len())?);
    // SAFETY: it reads `len` bytes at `from` at most, writes `size` bytes at `to` at most, and takes
    // the one for the other only as far as the bytes that come out are wrong.
    let done = unsafe {
        if exact {
            bindings::LZ4_decompress_safe(from, to, len, size)
        } else {
            bindings::LZ4_decompress_safe_partial(from, to, len, size, size)
        }
    };
    whole(usize::try_from(done).map_err(|_| EIO)?, target)
}
