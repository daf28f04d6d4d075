// SPDX-License-Identifier: GPL-2.0

//! Chunk-based files: an array of block addresses, one for each chunk, behind the inode.

use crate::{
    pages::Cursor,
    Pages,
    Result, //
};
use zerocopy::little_endian::{
    U16,
    U32, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// Chunk size as a shift added to the block's.
pub const FORMAT_BLKBITS_MASK: u16 = 0x001f;
/// 8-byte [`ChunkIndex`] entries instead of 4-byte block addresses.
pub const FORMAT_INDEXES: u16 = 0x0020;
/// Block addresses have 48 bits.
pub const FORMAT_48BIT: u16 = 0x0040;
/// All defined bits.
pub const FORMAT_ALL: u16 = 0x007f;

/// An entry of the index array.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ChunkIndex {
    startblk_hi: U16,
    device_id: U16,
    startblk_lo: U32,
}

const _: () = assert!(size_of::<ChunkIndex>() == 8);

/// Where one chunk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// Nowhere: it reads as zeros.
    Hole,
    /// At this block.
    Block(u64),
}

/// How the array of a file is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 4-byte block addresses.
    Address,
    /// 8-byte indexes with 32-bit block addresses.
    Index,
    /// 8-byte indexes with 48-bit block addresses.
    WideIndex,
}

impl Unit {
    /// What an inode's chunk format says.
    pub fn new(indexes: bool, wide: bool) -> Self {
        match (indexes, wide) {
            (false, _) => Unit::Address,
            (true, false) => Unit::Index,
            (true, true) => Unit::WideIndex,
        }
    }

    /// The size of an entry, to which the array is aligned as well.
    pub fn size(self) -> u64 {
        match self {
            Unit::Address => 4,
            Unit::Index | Unit::WideIndex => 8,
        }
    }

    /// Reads the entry at `pos`.
    ///
    /// An image without extra devices, the only kind that mounts, has no valid bits in
    /// `device_id`: they are ignored, as in C.
    pub(crate) fn read<P: Pages>(self, meta: &mut Cursor<P>, pos: u64) -> Result<Chunk> {
        let (addr, null) = match self {
            Unit::Address => (u64::from(meta.read::<U32>(pos)?.get()), NULL_32),
            Unit::Index => {
                let index: ChunkIndex = meta.read(pos)?;
                (u64::from(index.startblk_lo.get()), NULL_32)
            }
            Unit::WideIndex => {
                let index: ChunkIndex = meta.read(pos)?;
                let high = u64::from(index.startblk_hi.get()) << 32;
                (high | u64::from(index.startblk_lo.get()), NULL_48)
            }
        };
        Ok(if addr == null {
            Chunk::Hole
        } else {
            Chunk::Block(addr)
        })
    }
}

const NULL_32: u64 = (1 << 32) - 1;
const NULL_48: u64 = (1 << 48) - 1;
