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
    /// In blocks of a device.
    Block {
        /// The device: 0 is the one that was mounted. It may not exist.
        device: u16,
        /// The first block.
        addr: u64,
    },
}

impl Chunk {
    /// The chunk at `addr`, of which `null` stands for a hole, whatever the device.
    fn new(device: u16, addr: u64, null: u64) -> Self {
        if addr == null {
            Chunk::Hole
        } else {
            Chunk::Block { device, addr }
        }
    }
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

    /// Reads the entry at `pos`, of whose device number the bits in `device_mask` count.
    pub(crate) fn read<P: Pages>(
        self,
        meta: &mut Cursor<P>,
        pos: u64,
        device_mask: u16,
    ) -> Result<Chunk> {
        if self == Unit::Address {
            let addr = u64::from(meta.read::<U32>(pos)?.get());
            return Ok(Chunk::new(0, addr, NULL_32));
        }
        let index: ChunkIndex = meta.read(pos)?;
        let device = index.device_id.get() & device_mask;
        let low = u64::from(index.startblk_lo.get());
        if self == Unit::Index {
            return Ok(Chunk::new(device, low, NULL_32));
        }
        let high = u64::from(index.startblk_hi.get()) << 32;
        Ok(Chunk::new(device, high | low, NULL_48))
    }
}

const NULL_32: u64 = (1 << 32) - 1;
const NULL_48: u64 = (1 << 48) - 1;
