// SPDX-License-Identifier: GPL-2.0

//! The superblock, at byte 1024 of the image.

use crate::{
    format::{
        algorithms::{
            self,
            Algorithms, //
        },
        device, //
    },
    num,
    pages::{
        self,
        METABOX,
        PACKED,
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    Error,
    Pages,
    Result, //
};
use zerocopy::little_endian::{
    U16,
    U32,
    U64, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// Where the superblock starts.
pub const SUPER_OFFSET: u64 = 1024;
/// What it starts with, and what `statfs` reports.
pub const SUPER_MAGIC_V1: u32 = 0xe0f5_e1e2;

/// The superblock has a checksum.
pub const COMPAT_SB_CHKSUM: u32 = 0x01;
/// Inodes may have a name filter for their attributes.
pub const COMPAT_XATTR_FILTER: u32 = 0x04;
/// Shared attributes lie in the metabox.
pub const COMPAT_SHARED_EA_IN_METABOX: u32 = 0x08;
/// The table of long prefixes lies in plain metadata.
pub const COMPAT_PLAIN_XATTR_PFX: u32 = 0x10;
/// One long prefix names the attribute that holds a file's fingerprint.
pub const COMPAT_ISHARE_XATTRS: u32 = 0x20;

/// LZ4 blocks are padded at their start.
pub const INCOMPAT_LZ4_0PADDING: u32 = 0x001;
/// Records of compression parameters follow the superblock.
pub const INCOMPAT_COMPR_CFGS: u32 = 0x002;
/// The same bit: clusters may have several blocks.
pub const INCOMPAT_BIG_PCLUSTER: u32 = 0x002;
/// The image may have extra devices (or, without a table, a second compression head).
pub const INCOMPAT_DEVICE_TABLE: u32 = 0x008;
/// Tails of files lie in a packed inode.
pub const INCOMPAT_FRAGMENTS: u32 = 0x020;
/// Block addresses may have 48 bits.
pub const INCOMPAT_48BIT: u32 = 0x080;
/// Metadata may be compressed.
pub const INCOMPAT_METABOX: u32 = 0x100;
/// All bits that have a meaning.
pub const INCOMPAT_ALL: u32 = 0x1ff;

const CHECKSUM_SEED: u32 = 0x5045_b54a;
/// The checksum covers what follows `magic` and `checksum`.
const CHECKSUM_START: u64 = SUPER_OFFSET + 8;

const BLKSZBITS_MIN: u8 = 9;
const EXTSLOT_SIZE: u64 = 16;
const BASE_SIZE: u64 = 128;
const METABOX_NID_OFFSET: u64 = 128;
/// Node numbers count slots of 32 bytes.
const ISLOT_BITS: u32 = 5;
/// Set in a node number if the inode lies in the metabox.
const NID_METABOX: u64 = 1 << 63;

/// The superblock on the disk.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawSuperBlock {
    magic: U32,
    checksum: U32,
    feature_compat: U32,
    blkszbits: u8,
    sb_extslots: u8,
    /// `rootnid_2b`, or with 48 bits `blocks_hi`.
    rb: U16,
    inos: U64,
    epoch: U64,
    fixed_nsec: U32,
    blocks_lo: U32,
    meta_blkaddr: U32,
    xattr_blkaddr: U32,
    uuid: [u8; 16],
    volume_name: [u8; 16],
    feature_incompat: U32,
    /// `available_compr_algs`, or without [`INCOMPAT_COMPR_CFGS`] `lz4_max_distance`.
    u1: U16,
    extra_devices: U16,
    devt_slotoff: U16,
    dirblkbits: u8,
    xattr_prefix_count: u8,
    xattr_prefix_start: U32,
    packed_nid: U64,
    xattr_filter_reserved: u8,
    ishare_xattr_prefix_id: u8,
    reserved: [u8; 2],
    build_time: U32,
    rootnid_8b: U64,
    reserved2: U64,
    metabox_nid: U64,
    reserved3: U64,
}

const _: () = assert!(size_of::<RawSuperBlock>() == 144);

/// A checked superblock.
///
/// # Invariants
///
/// - `block_bits` is between 9 and [`PAGE_SHIFT`];
/// - neither the metabox nor the packed inode lies in the metabox;
/// - `ishare_prefix` is less than `xattr_prefix_count`.
#[derive(Clone, Debug)]
pub struct SuperBlock {
    block_bits: u32,
    feature_compat: u32,
    feature_incompat: u32,
    algorithms: Algorithms,
    root_nid: u64,
    packed_nid: u64,
    metabox_nid: Option<u64>,
    inos: u64,
    blocks: u64,
    epoch: i64,
    fixed_nsec: u32,
    meta_blkaddr: u32,
    xattr_blkaddr: u32,
    xattr_prefix_start: u32,
    xattr_prefix_count: u8,
    xattr_filter_reserved: u8,
    ishare_prefix: Option<u8>,
    extra_devices: u16,
    devt_slotoff: u16,
    uuid: [u8; 16],
    volume_name: [u8; 16],
}

impl SuperBlock {
    /// Reads and checks the superblock of an image that lies on one device.
    ///
    /// `crc32c` is the kernel's: it continues from a seed and does not invert the result.
    pub fn read<P: Pages + ?Sized>(
        pages: &P,
        crc32c: impl Fn(u32, &[u8]) -> u32,
    ) -> Result<SuperBlock> {
        let sb = Self::read_with_devices(pages, crc32c)?;
        if sb.needs_devices() {
            return Err(Error::Unsupported("extra devices are not supported"));
        }
        Ok(sb)
    }

    /// Reads and checks the superblock of an image without compressed metadata.
    ///
    /// Where [`needs_devices`](Self::needs_devices) says so, what [`map()`](crate::map::map) finds
    /// must go through [`resolve()`](crate::devices::resolve).
    pub fn read_with_devices<P: Pages + ?Sized>(
        pages: &P,
        crc32c: impl Fn(u32, &[u8]) -> u32,
    ) -> Result<SuperBlock> {
        let sb = Self::read_any(pages, crc32c)?;
        if sb.metabox_nid.is_some() {
            return Err(Error::Unsupported("compressed metadata is not supported"));
        }
        Ok(sb)
    }

    /// Reads and checks the superblock of any image.
    ///
    /// Where there is a [`metabox_nid`](Self::metabox_nid), the source of pages for what else the
    /// image has must know of [`METABOX`].
    pub fn read_any<P: Pages + ?Sized>(
        pages: &P,
        crc32c: impl Fn(u32, &[u8]) -> u32,
    ) -> Result<SuperBlock> {
        let raw: RawSuperBlock = pages::read_struct(pages, SUPER_OFFSET)?;
        if raw.magic.get() != SUPER_MAGIC_V1 {
            return Err(Error::Invalid("cannot find a valid EROFS superblock"));
        }
        let block_bits = u32::from(raw.blkszbits);
        if raw.blkszbits < BLKSZBITS_MIN || block_bits > PAGE_SHIFT {
            return Err(Error::Invalid("block size is not supported"));
        }
        let block_size = num::shift_left(1, block_bits).unwrap_or(PAGE_SIZE);
        // Else blocks would cross pages.
        if num::align_down(pages.origin(), block_size) != pages.origin() {
            return Err(Error::Invalid("offset is not a multiple of the block size"));
        }
        if raw.dirblkbits != 0 {
            return Err(Error::Invalid("directory block size is not supported"));
        }
        if raw.feature_compat.get() & COMPAT_SB_CHKSUM != 0 {
            verify_checksum(pages, block_size, raw.checksum.get(), crc32c)?;
        }
        Self::parse(pages, &raw)
    }

    /// Checks what remains once the superblock's bytes are known to be genuine.
    fn parse<P: Pages + ?Sized>(pages: &P, raw: &RawSuperBlock) -> Result<SuperBlock> {
        let feature_compat = raw.feature_compat.get();
        let feature_incompat = raw.feature_incompat.get();
        if feature_incompat & !INCOMPAT_ALL != 0 {
            return Err(Error::Invalid("unknown incompatible feature"));
        }

        let size = u64::from(raw.sb_extslots)
            .saturating_mul(EXTSLOT_SIZE)
            .saturating_add(BASE_SIZE);
        if size > PAGE_SIZE - SUPER_OFFSET {
            return Err(Error::Invalid("superblock is larger than its page"));
        }

        let mut ishare_prefix = None;
        if feature_compat & COMPAT_ISHARE_XATTRS != 0 {
            if raw.ishare_xattr_prefix_id >= raw.xattr_prefix_count {
                return Err(Error::Corrupt("fingerprint prefix is not in the table"));
            }
            ishare_prefix = Some(raw.ishare_xattr_prefix_id);
        }

        let mut root_nid = u64::from(raw.rb.get());
        let mut blocks = u64::from(raw.blocks_lo.get());
        if feature_incompat & INCOMPAT_48BIT != 0 && raw.rootnid_8b.get() != 0 {
            root_nid = raw.rootnid_8b.get();
            blocks |= u64::from(raw.rb.get()) << 32;
        }

        let mut metabox_nid = None;
        if feature_incompat & INCOMPAT_METABOX != 0 {
            if size <= METABOX_NID_OFFSET {
                return Err(Error::Corrupt("superblock is too small for its metabox"));
            }
            if raw.metabox_nid.get() & NID_METABOX != 0 {
                return Err(Error::Corrupt("metabox lies in itself"));
            }
            // To read either of the two would take the other.
            if raw.packed_nid.get() & NID_METABOX != 0 {
                return Err(Error::Corrupt("packed inode lies in the metabox"));
            }
            metabox_nid = Some(raw.metabox_nid.get());
        }

        let source = algorithms::Source {
            feature_incompat,
            u1: raw.u1.get(),
            pos: SUPER_OFFSET.saturating_add(size),
            block_bits: u32::from(raw.blkszbits),
        };
        let algorithms = Algorithms::read(pages, &source)?;
        let extra_devices = if feature_incompat & INCOMPAT_DEVICE_TABLE != 0 {
            raw.extra_devices.get()
        } else {
            0
        };

        // INVARIANT: each was checked above.
        Ok(SuperBlock {
            block_bits: u32::from(raw.blkszbits),
            feature_compat,
            feature_incompat,
            algorithms,
            root_nid,
            packed_nid: raw.packed_nid.get(),
            metabox_nid,
            inos: raw.inos.get(),
            blocks,
            epoch: i64::from_ne_bytes(raw.epoch.get().to_ne_bytes()),
            fixed_nsec: raw.fixed_nsec.get(),
            meta_blkaddr: raw.meta_blkaddr.get(),
            xattr_blkaddr: raw.xattr_blkaddr.get(),
            xattr_prefix_start: raw.xattr_prefix_start.get(),
            xattr_prefix_count: raw.xattr_prefix_count,
            xattr_filter_reserved: raw.xattr_filter_reserved,
            ishare_prefix,
            extra_devices,
            devt_slotoff: raw.devt_slotoff.get(),
            uuid: raw.uuid,
            volume_name: raw.volume_name,
        })
    }

    /// log2 of the block size: 9 to 12.
    #[inline]
    pub fn block_bits(&self) -> u32 {
        self.block_bits
    }

    /// The block size in bytes.
    #[inline]
    pub fn block_size(&self) -> u64 {
        num::shift_left(1, self.block_bits).unwrap_or(PAGE_SIZE)
    }

    /// log2 of the directory block size, which is the block size in every image that mounts.
    pub fn dir_block_bits(&self) -> u32 {
        self.block_bits
    }

    /// The root directory's node number.
    pub fn root_nid(&self) -> u64 {
        self.root_nid
    }

    /// The packed inode's node number; 0 if there is none.
    pub fn packed_nid(&self) -> u64 {
        self.packed_nid
    }

    /// The packed inode's node number, if the image has fragments of files in one.
    pub fn fragments_nid(&self) -> Option<u64> {
        let there = self.has_incompat(INCOMPAT_FRAGMENTS) && self.packed_nid != 0;
        there.then_some(self.packed_nid)
    }

    /// The node number of the metabox, if metadata is compressed. It does not lie in itself.
    pub fn metabox_nid(&self) -> Option<u64> {
        self.metabox_nid
    }

    /// How many inodes the image claims to have.
    pub fn inos(&self) -> u64 {
        self.inos
    }

    /// How many blocks the image has on the device that is mounted.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// How many devices the image has besides the one that is mounted.
    pub fn extra_devices(&self) -> u16 {
        self.extra_devices
    }

    /// Whether the image has extra devices.
    pub fn needs_devices(&self) -> bool {
        self.extra_devices != 0
    }

    /// The bits of a chunk's device number that count: as many as the largest number has.
    pub fn device_id_mask(&self) -> u16 {
        u16::MAX
            .checked_shr(self.extra_devices.leading_zeros())
            .unwrap_or(0)
    }

    /// Where the table of extra devices starts.
    pub fn device_table_pos(&self) -> u64 {
        u64::from(self.devt_slotoff).saturating_mul(device::SLOT_SIZE)
    }

    /// The second that the times of compact inodes are relative to.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// The nanoseconds of all compact inodes.
    pub fn fixed_nsec(&self) -> u32 {
        self.fixed_nsec
    }

    /// The volume's UUID; all zero if it has none.
    pub fn uuid(&self) -> &[u8; 16] {
        &self.uuid
    }

    /// The volume's name, without the zeros that end it.
    pub fn volume_name(&self) -> &[u8] {
        self.volume_name
            .split(|&byte| byte == 0)
            .next()
            .unwrap_or_default()
    }

    /// All compatible feature bits.
    pub fn feature_compat(&self) -> u32 {
        self.feature_compat
    }

    /// All incompatible feature bits.
    pub fn feature_incompat(&self) -> u32 {
        self.feature_incompat
    }

    /// Whether a compatible feature is on.
    pub fn has_compat(&self, bit: u32) -> bool {
        self.feature_compat & bit != 0
    }

    /// Whether an incompatible feature is on.
    pub fn has_incompat(&self, bit: u32) -> bool {
        self.feature_incompat & bit != 0
    }

    /// Whether inodes may be compressed.
    pub fn has_compression(&self) -> bool {
        self.algorithms.any()
    }

    /// What files may be compressed with.
    pub fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    /// Whether the filter of attribute names is there and of a kind that is known.
    pub fn shared_xattr_filter(&self) -> bool {
        self.has_compat(COMPAT_XATTR_FILTER) && self.xattr_filter_reserved == 0
    }

    /// The number of the long prefix that is the whole name of the fingerprint attribute.
    pub fn ishare_prefix(&self) -> Option<u8> {
        self.ishare_prefix
    }

    /// How many long prefixes the table has.
    pub fn xattr_prefix_count(&self) -> u8 {
        self.xattr_prefix_count
    }

    /// Where the table of long prefixes starts: in plain metadata or in the packed inode.
    pub fn xattr_prefix_pos(&self) -> u64 {
        u64::from(self.xattr_prefix_start) << 2
    }

    /// Where the area of shared attributes starts.
    pub fn shared_xattr_pos(&self) -> Result<u64> {
        let pos = self.block_pos(u64::from(self.xattr_blkaddr))?;
        if !self.has_compat(COMPAT_SHARED_EA_IN_METABOX) {
            return Ok(pos);
        }
        if self.metabox_nid.is_none() {
            return Err(Error::Corrupt(
                "shared attributes lie in a metabox that does not exist",
            ));
        }
        Ok(pos | METABOX)
    }

    /// The byte where an inode starts.
    #[inline]
    pub fn inode_pos(&self, nid: u64) -> Result<u64> {
        let (start, metabox) = if nid & NID_METABOX == 0 {
            (self.block_pos(u64::from(self.meta_blkaddr))?, 0)
        } else if self.metabox_nid.is_some() {
            (0, METABOX)
        } else {
            return Err(Error::Corrupt(
                "inode lies in a metabox that does not exist",
            ));
        };
        num::shift_left(nid & !NID_METABOX, ISLOT_BITS)
            .and_then(|offset| start.checked_add(offset))
            // What follows an inode is at most as long, and not in another special inode then.
            .filter(|&pos| pos < PACKED >> 1)
            .map(|pos| pos | metabox)
            .ok_or(Error::Corrupt("inode address overflows"))
    }

    /// The number that user space sees of node `nid`. If there is a metabox, the bit for it goes
    /// to where it fits into 32 bits.
    pub fn ino(&self, nid: u64) -> u64 {
        if self.metabox_nid.is_none() {
            return nid;
        }
        let low = nid & 0x7fff_ffff;
        let high = nid.wrapping_shl(1) & 0xffff_ffff_0000_0000;
        let metabox = if nid & NID_METABOX != 0 { 1 << 31 } else { 0 };
        high | metabox | low
    }

    /// The byte where a block starts.
    #[inline]
    pub fn block_pos(&self, addr: u64) -> Result<u64> {
        num::shift_left(addr, self.block_bits).ok_or(Error::Corrupt("block address overflows"))
    }

    /// The byte offset of `pos` in its block.
    #[inline]
    pub fn block_offset(&self, pos: u64) -> u64 {
        pos & self.block_size().wrapping_sub(1)
    }
}

/// Compares the checksum with that of the superblock's block.
fn verify_checksum<P: Pages + ?Sized>(
    pages: &P,
    block_size: u64,
    expected: u32,
    crc32c: impl Fn(u32, &[u8]) -> u32,
) -> Result<()> {
    // Blocks larger than the superblock's offset end where the block ends; smaller ones cannot
    // hold the superblock in the first, and the block's size is counted from the superblock.
    let end = if block_size > SUPER_OFFSET {
        block_size
    } else {
        block_size.saturating_add(SUPER_OFFSET)
    };
    let (page, at) = pages::locate(pages, CHECKSUM_START)?;
    let covered = page
        .get(at..)
        .and_then(|rest| rest.get(..num::to_usize(end.saturating_sub(CHECKSUM_START))))
        .ok_or(Error::IO)?;
    if crc32c(CHECKSUM_SEED, covered) != expected {
        return Err(Error::BadChecksum);
    }
    Ok(())
}
