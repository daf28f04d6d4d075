// SPDX-License-Identifier: GPL-2.0

//! The way to the decoders, which take raw memory.

#[path = "../../../module/sys/codecs/lz4/block.rs"]
mod block;
#[path = "../../../module/sys/codecs/lz4/copy.rs"]
mod copy;

use block::{
    Done,
    Outcome, //
};
use std::ops::Range;

/// As much as decoders are asked for.
const MOST: usize = 1 << 30;

/// Decodes `block` into all of `out`, and says whether that is what came out: if `exact` all of it,
/// else the first of it.
pub fn decode(block: &[u8], out: &mut [u8], exact: bool) -> bool {
    assert!(block.len() <= MOST && out.len() <= MOST);
    // SAFETY: the slices are as long as they are, and no longer than they may be.
    let outcome = unsafe {
        block::decode(
            block.as_ptr(),
            block.len(),
            out.as_mut_ptr(),
            out.len(),
            exact,
            Done::default(),
        )
    };
    assert!(!matches!(outcome, Outcome::Crowded(..)));
    matches!(outcome, Outcome::Whole)
}

/// Decodes the block that lies at `block` of `buffer` into its first `size` bytes. Returns whether
/// that is what came out, and how much of the block had to be moved.
pub fn decode_in_place(
    buffer: &mut [u8],
    block: Range<usize>,
    size: usize,
    exact: bool,
) -> (bool, usize) {
    assert!(block.end <= buffer.len() && size <= buffer.len() && buffer.len() <= MOST);
    let (start, len) = (buffer.as_mut_ptr(), block.len());
    // SAFETY: both lie in the buffer.
    let from = unsafe { start.add(block.start) };
    // SAFETY: as said.
    let outcome = unsafe { block::decode(from, len, start, size, exact, Done::default()) };
    let Outcome::Crowded(pos, done) = outcome else {
        return (matches!(outcome, Outcome::Whole), 0);
    };
    let rest = buffer[block][pos..].to_vec();
    // SAFETY: as said, and the rest is elsewhere.
    let outcome = unsafe { block::decode(rest.as_ptr(), rest.len(), start, size, exact, done) };
    assert!(!matches!(outcome, Outcome::Crowded(..)));
    (matches!(outcome, Outcome::Whole), rest.len())
}

#[cfg(kernel_lz4)]
extern "C" {
    fn LZ4_decompress_safe(from: *const u8, to: *mut u8, len: i32, size: i32) -> i32;
    fn LZ4_decompress_safe_partial(
        from: *const u8,
        to: *mut u8,
        len: i32,
        wanted: i32,
        size: i32,
    ) -> i32;
}

/// As [`decode`], by the kernel's C decoder; `None` if it was not built.
#[cfg(kernel_lz4)]
pub fn kernel(block: &[u8], out: &mut [u8], exact: bool) -> Option<bool> {
    assert!(block.len() <= MOST && out.len() <= MOST);
    let (from, to) = (block.as_ptr(), out.as_mut_ptr());
    let (len, size) = (block.len() as i32, out.len() as i32);
    // SAFETY: as in `decode`.
    let done = unsafe {
        if exact {
            LZ4_decompress_safe(from, to, len, size)
        } else {
            LZ4_decompress_safe_partial(from, to, len, size, size)
        }
    };
    Some(done == size)
}

/// As above: it was not.
#[cfg(not(kernel_lz4))]
pub fn kernel(_block: &[u8], _out: &mut [u8], _exact: bool) -> Option<bool> {
    None
}
