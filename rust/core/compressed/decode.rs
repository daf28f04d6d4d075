// SPDX-License-Identifier: GPL-2.0

//! What a decoder must know of a cluster's bytes, besides its algorithm.
//!
//! - LZ4, LZMA, deflate and zstd data ends where the cluster ends, and has zeros before it as far
//!   as the cluster is longer: [`padding`]. So the length of the data is known only when its
//!   first block is there.
//! - MicroLZMA is an LZMA stream whose first byte, which would always be 0, is the complement of the
//!   properties instead; it has neither header nor end mark.
//! - Deflate is raw, with a window of 32 KiB at most. A zstd frame's window is at most what the
//!   superblock says, or the decoded length.
//! - Data may end before its last byte is used where only the first part of an extent is wanted.
//!   A decoder then stops at the wanted length, for which LZ4 needs a partial decoder.

use super::Algorithm;
use crate::{
    num,
    SuperBlock, //
};
use core::{
    cmp::min,
    ops::Range, //
};

/// How many zeros precede the data of a compressed cluster: `None` if it has none. `first` is what
/// the cluster has of its first block: [`first_block`] bytes.
///
/// ```
/// use cofs_core::compressed::decode::padding;
///
/// assert_eq!(padding(&[0, 0, 7, 0]), Some(2));
/// assert_eq!(padding(&[0, 0]), None);
/// ```
pub fn padding(first: &[u8]) -> Option<usize> {
    first.iter().position(|&byte| byte != 0)
}

/// How many bytes of a cluster of `len` bytes at `pos` lie in its first block.
pub fn first_block(sb: &SuperBlock, pos: u64, len: u64) -> u64 {
    min(len, sb.block_size().saturating_sub(sb.block_offset(pos)))
}

/// A range of the bytes of a plain cluster, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The bytes of the cluster.
    pub from: Range<u64>,
    /// The first of them is this one of the extent.
    pub to: u64,
}

/// What is to be copied for the first `wanted` bytes of an extent that is not compressed: two ranges,
/// of which one may be empty.
///
/// `offset` is where the extent starts in the file, `len` what the cluster has; `wanted` is at most
/// `len`. Interlaced bytes lie at the same place of a block as in the file, so that those up to
/// the file's next block are at the cluster's end, and all others before them.
///
/// ```
/// use cofs_core::compressed::{decode::plain, Algorithm};
///
/// let [tail, rest] = plain(Algorithm::Interlaced, 1000, 4096, 4000, 4096);
/// assert_eq!((tail.from, tail.to), (1000..4096, 0));
/// assert_eq!((rest.from, rest.to), (0..904, 3096));
/// let [all, none] = plain(Algorithm::Shifted, 1000, 4096, 4000, 4096);
/// assert_eq!((all.from, all.to), (0..4000, 0));
/// assert!(none.from.is_empty());
/// ```
pub fn plain(
    algorithm: Algorithm,
    offset: u64,
    len: u64,
    wanted: u64,
    block_size: u64,
) -> [Copy; 2] {
    let wanted = min(wanted, len);
    let (at, first) = if algorithm == Algorithm::Interlaced {
        let within = offset & block_size.wrapping_sub(1);
        let to_block = block_size.saturating_sub(within);
        (len.saturating_sub(to_block), min(to_block, wanted))
    } else {
        (0, wanted)
    };
    [
        Copy {
            from: at..at.saturating_add(first),
            to: 0,
        },
        Copy {
            from: 0..wanted.saturating_sub(first),
            to: first,
        },
    ]
}

/// The bytes of `range` in `bytes`, if they are all there.
pub fn slice(bytes: &[u8], range: Range<u64>) -> Option<&[u8]> {
    bytes.get(num::to_usize(range.start)..num::to_usize(range.end))
}
