// SPDX-License-Identifier: GPL-2.0

//! What an image's compressed files are compressed with: records behind the superblock, one for
//! each algorithm, or without them LZ4.

use crate::{
    format::superblock::{
        INCOMPAT_COMPR_CFGS,
        INCOMPAT_LZ4_0PADDING, //
    },
    num,
    pages::{
        advance,
        Cursor, //
    },
    Error,
    Pages,
    Result, //
};
use zerocopy::{
    little_endian::{
        U16,
        U32, //
    },
    FromBytes,
    IntoBytes, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// As many bytes a cluster has on the device at most.
pub const MAX_ENCODED: u64 = 1 << 20;
/// As many bytes a cluster has in its file at most.
pub const MAX_DECODED: u64 = 12 << 20;

const LZ4: u16 = 0x01;
const LZMA: u16 = 0x02;
const DEFLATE: u16 = 0x04;
const ZSTD: u16 = 0x08;
const ALL: u16 = 0x0f;

const LZMA_DICT_MIN: u32 = 4096;
const LZMA_DICT_MAX: u32 = 8 << 20;
const DEFLATE_WINDOW_BITS_MAX: u8 = 15;
/// What is added to the window's bits in the record.
const ZSTD_WINDOW_LOG_BASE: u8 = 10;
const ZSTD_WINDOW_LOG_MAX: u8 = 20;

/// A record starts at a multiple of this.
const ALIGN: u64 = 4;
/// It starts with its length.
const HEAD_SIZE: u64 = 2;

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Lz4Cfgs {
    max_distance: U16,
    max_pclusterblks: U16,
    reserved: [u8; 10],
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct LzmaCfgs {
    dict_size: U32,
    format: U16,
    reserved: [u8; 8],
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct DeflateCfgs {
    windowbits: u8,
    reserved: [u8; 5],
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct ZstdCfgs {
    format: u8,
    windowlog: u8,
    reserved: [u8; 4],
}

const _: () = assert!(size_of::<Lz4Cfgs>() == 14);
const _: () = assert!(size_of::<LzmaCfgs>() == 14);
const _: () = assert!(size_of::<DeflateCfgs>() == 6);
const _: () = assert!(size_of::<ZstdCfgs>() == 6);

/// What LZ4 data of an image keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lz4 {
    /// How far back a match is at most; 0 stands for 65535.
    pub max_distance: u16,
    /// How many blocks a cluster has at most, at least one. It sizes buffers only: no cluster is
    /// held to it.
    pub max_cluster_blocks: u16,
}

/// The algorithms that an image's files may use, and what a decoder has to be ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// LZ4, always padded at its start.
    pub lz4: Option<Lz4>,
    /// MicroLZMA: the size of the dictionary in bytes, 4 KiB to 8 MiB.
    pub lzma_dict_size: Option<u32>,
    /// Raw deflate: log2 of the window in bytes, 15 at most.
    pub deflate_window_bits: Option<u8>,
    /// Zstandard: log2 of the window in bytes, 10 to 20.
    pub zstd_window_log: Option<u8>,
}

/// What of the superblock says where the records are and what they mean.
pub(super) struct Source {
    pub(super) feature_incompat: u32,
    /// `available_compr_algs` or `lz4_max_distance`.
    pub(super) u1: u16,
    /// Where the superblock ends.
    pub(super) pos: u64,
    pub(super) block_bits: u32,
}

impl Algorithms {
    /// Whether there is any.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }

    /// Reads and checks the records.
    pub(super) fn read<P: Pages + ?Sized>(pages: &P, source: &Source) -> Result<Self> {
        let padded = source.feature_incompat & INCOMPAT_LZ4_0PADDING != 0;
        let mut found = Self::default();
        if source.feature_incompat & INCOMPAT_COMPR_CFGS != 0 {
            found.read_records(pages, source)?;
        } else if source.u1 != 0 || padded {
            found.lz4 = Some(Lz4 {
                max_distance: source.u1,
                max_cluster_blocks: 1,
            });
        }
        // Where such data ends is not known, and mkfs.erofs has not made it for years.
        if found.lz4.is_some() && !padded {
            return Err(Error::Unsupported("LZ4 without zero padding"));
        }
        Ok(found)
    }

    fn read_records<P: Pages + ?Sized>(&mut self, pages: &P, source: &Source) -> Result<()> {
        if source.u1 & !ALL != 0 {
            return Err(Error::Unsupported("unknown compression algorithm"));
        }
        let mut records = Records {
            meta: Cursor::new(pages),
            pos: source.pos,
        };
        // In the order of their bits.
        if source.u1 & LZ4 != 0 {
            let raw: Lz4Cfgs = records.next(Error::Invalid("invalid LZ4 parameters"))?;
            let blocks = raw.max_pclusterblks.get();
            if u64::from(blocks) > MAX_ENCODED >> source.block_bits {
                return Err(Error::Invalid("LZ4 clusters are too large"));
            }
            self.lz4 = Some(Lz4 {
                max_distance: raw.max_distance.get(),
                max_cluster_blocks: blocks.max(1),
            });
        }
        if source.u1 & LZMA != 0 {
            let raw: LzmaCfgs = records.next(Error::Invalid("invalid LZMA parameters"))?;
            let dict_size = raw.dict_size.get();
            if raw.format.get() != 0 {
                return Err(Error::Invalid("unknown LZMA format"));
            }
            if !(LZMA_DICT_MIN..=LZMA_DICT_MAX).contains(&dict_size) {
                return Err(Error::Invalid("LZMA dictionary size is not supported"));
            }
            self.lzma_dict_size = Some(dict_size);
        }
        if source.u1 & DEFLATE != 0 {
            let raw: DeflateCfgs = records.next(Error::Invalid("invalid deflate parameters"))?;
            if raw.windowbits > DEFLATE_WINDOW_BITS_MAX {
                return Err(Error::Unsupported("deflate window is not supported"));
            }
            self.deflate_window_bits = Some(raw.windowbits);
        }
        if source.u1 & ZSTD != 0 {
            let invalid = Error::Invalid("invalid zstd parameters");
            let raw: ZstdCfgs = records.next(invalid)?;
            if raw.format != 0 {
                return Err(invalid);
            }
            let log = raw.windowlog.saturating_add(ZSTD_WINDOW_LOG_BASE);
            if log > ZSTD_WINDOW_LOG_MAX {
                return Err(Error::Invalid("zstd window is not supported"));
            }
            self.zstd_window_log = Some(log);
        }
        Ok(())
    }
}

/// Records of a length and as many bytes.
struct Records<P: Pages> {
    meta: Cursor<P>,
    pos: u64,
}

impl<P: Pages> Records<P> {
    /// Reads the start of a record, which must be long enough for that. All of it must be there.
    fn next<T: FromBytes + IntoBytes>(&mut self, short: Error) -> Result<T> {
        let overflow = Error::Corrupt("metadata address overflows");
        let pos = num::align_up(self.pos, ALIGN).ok_or(overflow)?;
        let len: U16 = self.meta.read(pos)?;
        let len = match len.get() {
            0 => 1 << 16,
            len => u64::from(len),
        };
        let start = advance(pos, HEAD_SIZE)?;
        self.pos = advance(start, len)?;
        self.meta.rest_of_page(self.pos.saturating_sub(1))?;
        if len < num::to_u64(size_of::<T>()) {
            return Err(short);
        }
        self.meta.read(start)
    }
}
