// SPDX-License-Identifier: GPL-2.0

//! The index of a compressed file: a header behind the inode, then what says which clusters the
//! file is made of. There are three forms.
//!
//! - *Full*: an entry of 8 bytes for each logical cluster, which is as large as a block or larger.
//!   An entry tells that an extent starts in the logical cluster, where and with which block, or
//!   how far the start of the extent is that goes through it.
//! - *Compact*: the same, squeezed into packs of 2 entries in 8 bytes or 16 entries in 32.
//! - *Extents*: a record for each extent, which may start and end at any byte of the device.
//!
//! C names: `z_erofs_map_header`, `z_erofs_lcluster_index`, `z_erofs_extent`.

use crate::num;
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

/// The size of the header, and what it is aligned to.
pub const HEADER_SIZE: u64 = 8;
/// Between the header and the entries of a full index.
pub const FULL_INDEX_GAP: u64 = 8;
/// The size of a full entry.
pub const FULL_ENTRY_SIZE: u64 = 8;

/// Compact: there are packs of 16, in the middle.
pub const ADVISE_COMPACTED_2B: u16 = 0x0001;
/// Not compact: there are extents instead of entries.
pub const ADVISE_EXTENTS: u16 = 0x0001;
/// Clusters of the first algorithm may have several blocks.
pub const ADVISE_BIG_PCLUSTER_1: u16 = 0x0002;
/// So may those of the second, and those that are not compressed.
pub const ADVISE_BIG_PCLUSTER_2: u16 = 0x0004;
/// The last extent's data lies behind the index.
pub const ADVISE_INLINE_PCLUSTER: u16 = 0x0008;
/// What is not compressed is turned so that it lies in its blocks as it does in the file's.
pub const ADVISE_INTERLACED_PCLUSTER: u16 = 0x0010;
/// The last extent lies in the packed inode.
pub const ADVISE_FRAGMENT_PCLUSTER: u16 = 0x0020;
/// Extents: two bits from here are log2 of the record size in units of 4 bytes.
const ADVISE_EXTRECSZ_SHIFT: u16 = 1;
const ADVISE_EXTRECSZ_MASK: u16 = 0x3;

/// log2 of the size of a logical cluster in blocks.
const CLUSTERBITS_MASK: u8 = 0x0f;
/// In the 8 bytes of the header as one number: the whole file lies in the packed inode, at what the
/// other bits say.
const FRAGMENT_INODE: u64 = 1 << 63;

/// An entry's type, in `di_advise`.
pub const TYPE_MASK: u16 = 0x3;
/// An extent starts here that is not compressed.
pub const TYPE_PLAIN: u16 = 0;
/// An extent starts here that has the first algorithm.
pub const TYPE_HEAD1: u16 = 1;
/// No extent starts here.
pub const TYPE_NONHEAD: u16 = 2;
/// What the cluster decodes to is more than the extent.
pub const ADVISE_PARTIAL_REF: u16 = 1 << 15;
/// The extent has no cluster and reads as zeros.
pub const ADVISE_HOLE: u16 = 1 << 14;
/// In the distance to the head: it is 1, and this is the number of the cluster's blocks.
pub const D0_CBLKCNT: u16 = 1 << 11;

/// What the length in an extent's record takes.
const EXTENT_PLEN_MASK: u32 = (2 << 20) - 1;
const EXTENT_PLEN_PARTIAL: u32 = 1 << 27;
const EXTENT_PLEN_FMT_SHIFT: u32 = 28;

/// The header.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct MapHeader {
    /// `h_fragmentoff` or `h_extents_lo`; `h_idata_size` is its upper half.
    h_low: U32,
    h_advise: U16,
    h_algorithmtype: u8,
    h_clusterbits: u8,
}

const _: () = assert!(num::to_u64(size_of::<MapHeader>()) == HEADER_SIZE);

impl MapHeader {
    /// Where the whole file lies in the packed inode, if it does.
    pub(crate) fn whole_fragment(&self) -> Option<u64> {
        let [a, b, c, d] = self.h_low.get().to_le_bytes();
        let [e, f] = self.h_advise.get().to_le_bytes();
        let all = u64::from_le_bytes([a, b, c, d, e, f, self.h_algorithmtype, self.h_clusterbits]);
        (all & FRAGMENT_INODE != 0).then_some(all & !FRAGMENT_INODE)
    }

    pub(crate) fn advise(&self) -> u16 {
        self.h_advise.get()
    }

    /// log2 of the size of a logical cluster in blocks.
    pub(crate) fn cluster_bits(&self) -> u32 {
        u32::from(self.h_clusterbits & CLUSTERBITS_MASK)
    }

    /// The numbers of the first and of the second algorithm.
    pub(crate) fn algorithms(&self) -> [u8; 2] {
        [self.h_algorithmtype & 0x0f, self.h_algorithmtype >> 4]
    }

    /// Where the last extent lies in the packed inode: the low half.
    pub(crate) fn fragment_offset(&self) -> u32 {
        self.h_low.get()
    }

    /// How many bytes the last extent's data has behind the index.
    pub(crate) fn inline_size(&self) -> u64 {
        u64::from(self.h_low.get() >> 16)
    }

    /// How many extents there are.
    pub(crate) fn extents(&self) -> u64 {
        let high = u16::from_le_bytes([self.h_algorithmtype, self.h_clusterbits]);
        u64::from(self.h_low.get()) | (u64::from(high) << 32)
    }

    /// The size of an extent's record in bytes: 4, 8, 16 or 32.
    pub(crate) fn extent_size(&self) -> u64 {
        match (self.advise() >> ADVISE_EXTRECSZ_SHIFT) & ADVISE_EXTRECSZ_MASK {
            0 => 4,
            1 => 8,
            2 => 16,
            _ => 32,
        }
    }
}

/// An entry of a full index.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct LclusterIndex {
    pub(crate) di_advise: U16,
    pub(crate) di_clusterofs: U16,
    /// `delta[0]` of an entry where no extent starts, or the low half of `blkaddr`.
    pub(crate) low: U16,
    /// `delta[1]`, or the high half.
    pub(crate) high: U16,
}

const _: () = assert!(num::to_u64(size_of::<LclusterIndex>()) == FULL_ENTRY_SIZE);

impl LclusterIndex {
    /// The first block of the cluster.
    pub(crate) fn blkaddr(&self) -> u32 {
        u32::from(self.low.get()) | (u32::from(self.high.get()) << 16)
    }
}

/// The record of an extent that knows where it starts; of shorter ones only the first fields.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Extent {
    pub(crate) plen: Plen,
    pstart_lo: U32,
    pstart_hi: U32,
    lstart_lo: U32,
    lstart_hi: U32,
    reserved: [u8; 12],
}

const _: () = assert!(size_of::<Extent>() == 32);

impl Extent {
    /// The byte of the device where the cluster starts.
    pub(crate) fn pstart(&self) -> u64 {
        u64::from(self.pstart_lo.get()) | (u64::from(self.pstart_hi.get()) << 32)
    }

    /// The byte of the file where the extent starts.
    pub(crate) fn lstart(&self) -> u64 {
        u64::from(self.lstart_lo.get()) | (u64::from(self.lstart_hi.get()) << 32)
    }
}

/// The length of an extent's cluster, and what shares its bits.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub(crate) struct Plen(U32);

impl Plen {
    /// All bits, which for a fragment are the low half of where it lies.
    pub(crate) fn raw(self) -> u32 {
        self.0.get()
    }

    /// How many bytes the cluster has; 0 for a hole.
    pub(crate) fn len(self) -> u64 {
        u64::from(self.0.get() & EXTENT_PLEN_MASK)
    }

    /// Whether what the cluster decodes to is more than the extent.
    pub(crate) fn partial(self) -> bool {
        self.0.get() & EXTENT_PLEN_PARTIAL != 0
    }

    /// The number of the algorithm; `None` if it is not compressed.
    pub(crate) fn algorithm(self) -> Option<u8> {
        let format = self.0.get() >> EXTENT_PLEN_FMT_SHIFT;
        format
            .checked_sub(1)
            .and_then(|number| u8::try_from(number).ok())
    }
}
