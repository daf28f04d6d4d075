// SPDX-License-Identifier: GPL-2.0

//! Inodes: 32 bytes if compact, 64 if extended, then attributes, then what the layout wants.

use crate::{
    format::{
        chunk,
        cluster,
        superblock::SuperBlock,
        xattr, //
    },
    num,
    pages::{
        self,
        Cursor, //
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

/// The `start` of a file that has no blocks: it reads as zeros.
pub const NULL_ADDR: u64 = u64::MAX;

const I_VERSION_MASK: u16 = 0x01;
const I_DATALAYOUT_SHIFT: u16 = 1;
const I_DATALAYOUT_MASK: u16 = 0x07;
/// For compact inodes of other types than directory: one link, and `i_nb` is an address.
const I_NLINK_1: u16 = 0x10;
/// For directories: there is no entry for `.`.
const I_DOT_OMITTED: u16 = 0x10;
const I_ALL: u16 = 0x1f;

const S_IFMT: u16 = 0o170_000;

const MASK_32: u64 = (1 << 32) - 1;
const MASK_48: u64 = (1 << 48) - 1;

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Compact {
    i_format: U16,
    i_xattr_icount: U16,
    i_mode: U16,
    i_nb: U16,
    i_size: U32,
    i_mtime: U32,
    i_u: U32,
    i_ino: U32,
    i_uid: U16,
    i_gid: U16,
    i_reserved: U32,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Extended {
    i_format: U16,
    i_xattr_icount: U16,
    i_mode: U16,
    i_nb: U16,
    i_size: U64,
    i_u: U32,
    i_ino: U32,
    i_uid: U32,
    i_gid: U32,
    i_mtime: U64,
    i_mtime_nsec: U32,
    i_nlink: U32,
    i_reserved2: [u8; 16],
}

const COMPACT_SIZE: u64 = 32;
const EXTENDED_SIZE: u64 = 64;
const _: () = assert!(size_of::<Compact>() == 32);
const _: () = assert!(size_of::<Extended>() == 64);

/// What kind of file an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `S_IFREG`
    Regular,
    /// `S_IFDIR`
    Directory,
    /// `S_IFLNK`
    Symlink,
    /// `S_IFCHR`
    CharDevice,
    /// `S_IFBLK`
    BlockDevice,
    /// `S_IFIFO`
    Fifo,
    /// `S_IFSOCK`
    Socket,
}

impl TryFrom<u16> for Kind {
    type Error = Error;

    fn try_from(mode: u16) -> Result<Self> {
        match mode & S_IFMT {
            0o100_000 => Ok(Kind::Regular),
            0o040_000 => Ok(Kind::Directory),
            0o120_000 => Ok(Kind::Symlink),
            0o020_000 => Ok(Kind::CharDevice),
            0o060_000 => Ok(Kind::BlockDevice),
            0o010_000 => Ok(Kind::Fifo),
            0o140_000 => Ok(Kind::Socket),
            _ => Err(Error::Corrupt("bogus i_mode")),
        }
    }
}

/// Where a file's data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In consecutive blocks.
    Plain {
        /// The first block, or [`NULL_ADDR`].
        start: u64,
    },
    /// In consecutive blocks, but what would be the last lies behind the inode.
    Inline {
        /// The first block.
        start: u64,
        /// The byte where the tail lies in the metadata.
        tail_pos: u64,
    },
    /// In chunks, each with its own address.
    Chunk {
        /// log2 of the chunk size in bytes.
        bits: u32,
        /// Entries are 8-byte indexes, not 4-byte addresses.
        indexes: bool,
        /// Indexes have 48-bit addresses.
        wide: bool,
        /// The byte where the array of entries starts.
        start_pos: u64,
    },
    /// In compressed clusters, see [`compressed`](crate::compressed).
    Compressed {
        /// Their index is in packs, not in entries of 8 bytes.
        compact: bool,
        /// The byte where the header before the index is.
        header_pos: u64,
    },
}

/// A checked inode.
///
/// # Invariants
///
/// - `kind` is what `mode` says;
/// - `size` is at most `i64::MAX`;
/// - the bits of a chunk layout are less than 64;
/// - `fast_link` is the start of `size` non-zero bytes, at least one, in one block.
#[derive(Clone, Debug)]
pub struct Inode {
    nid: u64,
    ino: u64,
    mode: u16,
    kind: Kind,
    uid: u32,
    gid: u32,
    nlink: u32,
    size: u64,
    mtime: (i64, u32),
    rdev: u32,
    blocks: u64,
    layout: Layout,
    xattr_pos: u64,
    xattr_size: u64,
    no_acl: bool,
    dot_omitted: bool,
    fast_link: Option<u64>,
}

/// What compact and extended inodes have in common once they are read.
struct Common {
    i_format: u16,
    i_xattr_icount: u16,
    i_mode: u16,
    i_nb: u16,
    i_size: u64,
    i_u: u32,
    uid: u32,
    gid: u32,
    nlink: u32,
    mtime: (i64, u32),
    /// The bits that a block address has in this kind of inode.
    addr_mask: u64,
    /// Where the inode ends and its attributes start.
    end: u64,
}

impl Inode {
    /// Reads and checks the inode with number `nid`.
    pub fn read<P: Pages + ?Sized>(meta: &P, sb: &SuperBlock, nid: u64) -> Result<Inode> {
        let meta = &mut Cursor::new(meta);
        let raw = Common::read(meta, sb, nid)?;
        // i_size is a signed number to everyone above.
        if i64::try_from(raw.i_size).is_err() {
            return Err(Error::Corrupt("negative i_size"));
        }
        let kind = Kind::try_from(raw.i_mode)?;
        let xattr_size = xattr::ibody_size(raw.i_xattr_icount);
        let data_pos = pages::advance(raw.end, xattr_size)?;

        let datalayout = (raw.i_format >> I_DATALAYOUT_SHIFT) & I_DATALAYOUT_MASK;
        let inline = datalayout == 2;
        let fast_link = if kind == Kind::Symlink && inline {
            fast_link(meta, sb, &raw, data_pos)?
        } else {
            None
        };
        let layout = match datalayout {
            0 => Layout::Plain {
                start: raw.plain_start(),
            },
            2 => Layout::Inline {
                start: raw.startblk(),
                tail_pos: data_pos,
            },
            4 => chunk_layout(sb, raw.i_u, data_pos)?,
            // 1 and 3: the others were refused on reading.
            _ if sb.has_compression() => Layout::Compressed {
                compact: datalayout == 3,
                header_pos: num::align_up(data_pos, cluster::HEADER_SIZE)
                    .ok_or(Error::Corrupt("metadata address overflows"))?,
            },
            _ => return Err(Error::Corrupt("compressed inode in a plain image")),
        };

        // INVARIANT: each was checked above.
        Ok(Inode {
            nid,
            ino: sb.ino(nid),
            mode: raw.i_mode,
            kind,
            uid: raw.uid,
            gid: raw.gid,
            nlink: raw.nlink,
            size: raw.i_size,
            mtime: raw.mtime,
            rdev: match kind {
                Kind::CharDevice | Kind::BlockDevice => raw.i_u,
                _ => 0,
            },
            blocks: raw.blocks(sb, layout),
            layout,
            xattr_pos: raw.end,
            xattr_size,
            no_acl: crate::xattr::no_acl(meta, sb, raw.end, xattr_size)?,
            dot_omitted: kind == Kind::Directory && raw.i_format & I_DOT_OMITTED != 0,
            fast_link,
        })
    }

    /// Reads the root directory, which must be one.
    pub fn root<P: Pages + ?Sized>(meta: &P, sb: &SuperBlock) -> Result<Inode> {
        let root = Self::read(meta, sb, sb.root_nid())?;
        if root.kind != Kind::Directory {
            return Err(Error::Invalid("root inode is not a directory"));
        }
        Ok(root)
    }

    /// The node number: where the inode lies.
    pub fn nid(&self) -> u64 {
        self.nid
    }

    /// The inode number that user space sees.
    pub fn ino(&self) -> u64 {
        self.ino
    }

    /// The whole `st_mode`.
    pub fn mode(&self) -> u16 {
        self.mode
    }

    /// The file type.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The owner.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The group.
    pub fn gid(&self) -> u32 {
        self.gid
    }

    /// The number of links.
    pub fn nlink(&self) -> u32 {
        self.nlink
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Seconds and nanoseconds of the last change, as the image has them.
    pub fn mtime(&self) -> (i64, u32) {
        self.mtime
    }

    /// The device number of a device file, in the disk's encoding; else 0.
    pub fn rdev(&self) -> u32 {
        self.rdev
    }

    /// `st_blocks`: units of 512 bytes.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Where the data is.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The byte where the attributes start.
    pub fn xattr_pos(&self) -> u64 {
        self.xattr_pos
    }

    /// How many bytes of attributes there are.
    pub fn xattr_size(&self) -> u64 {
        self.xattr_size
    }

    /// Whether there is certainly no POSIX ACL.
    pub fn no_acl(&self) -> bool {
        self.no_acl
    }

    /// Whether this is a directory that lacks an entry for `.`.
    pub fn dot_omitted(&self) -> bool {
        self.dot_omitted
    }

    /// The metadata byte where the target of a short symlink lies, whole and in one block:
    /// [`size`](Self::size) bytes, none of them zero. Other symlinks are read like files.
    pub fn fast_link(&self) -> Option<u64> {
        self.fast_link
    }
}

impl Common {
    fn read<P: Pages>(meta: &mut Cursor<P>, sb: &SuperBlock, nid: u64) -> Result<Self> {
        let pos = sb.inode_pos(nid)?;
        let compact: Compact = meta.read(pos)?;
        let i_format = compact.i_format.get();
        if i_format & !I_ALL != 0 {
            return Err(Error::Unsupported("unknown bits in i_format"));
        }
        if (i_format >> I_DATALAYOUT_SHIFT) & I_DATALAYOUT_MASK > 4 {
            return Err(Error::Unsupported("unknown data layout"));
        }
        if i_format & I_VERSION_MASK != 0 {
            let extended: Extended = meta.read(pos)?;
            return Self::from_extended(&extended, pos);
        }
        Self::from_compact(&compact, sb, pos)
    }

    fn from_compact(raw: &Compact, sb: &SuperBlock, pos: u64) -> Result<Self> {
        let i_format = raw.i_format.get();
        let i_mode = raw.i_mode.get();
        let directory = Kind::try_from(i_mode) == Ok(Kind::Directory);
        let one_link = !directory && i_format & I_NLINK_1 != 0;
        let seconds = i64::from(raw.i_mtime.get());
        Ok(Self {
            i_format,
            i_xattr_icount: raw.i_xattr_icount.get(),
            i_mode,
            i_nb: if one_link { raw.i_nb.get() } else { 0 },
            i_size: u64::from(raw.i_size.get()),
            i_u: raw.i_u.get(),
            uid: u32::from(raw.i_uid.get()),
            gid: u32::from(raw.i_gid.get()),
            nlink: if one_link {
                1
            } else {
                u32::from(raw.i_nb.get())
            },
            mtime: (sb.epoch().wrapping_add(seconds), sb.fixed_nsec()),
            addr_mask: if one_link { MASK_48 } else { MASK_32 },
            end: pages::advance(pos, COMPACT_SIZE)?,
        })
    }

    fn from_extended(raw: &Extended, pos: u64) -> Result<Self> {
        let seconds = i64::from_ne_bytes(raw.i_mtime.get().to_ne_bytes());
        Ok(Self {
            i_format: raw.i_format.get(),
            i_xattr_icount: raw.i_xattr_icount.get(),
            i_mode: raw.i_mode.get(),
            i_nb: raw.i_nb.get(),
            i_size: raw.i_size.get(),
            i_u: raw.i_u.get(),
            uid: raw.i_uid.get(),
            gid: raw.i_gid.get(),
            nlink: raw.i_nlink.get(),
            mtime: (seconds, raw.i_mtime_nsec.get()),
            addr_mask: MASK_48,
            end: pages::advance(pos, EXTENDED_SIZE)?,
        })
    }

    /// `i_u` with `i_nb` above it: a block address, or a count of blocks.
    fn startblk(&self) -> u64 {
        u64::from(self.i_u) | (u64::from(self.i_nb) << 32)
    }

    /// The first block of a plain file, of which all ones stand for none.
    fn plain_start(&self) -> u64 {
        let start = self.startblk();
        if start & self.addr_mask == self.addr_mask {
            NULL_ADDR
        } else {
            start
        }
    }

    /// `st_blocks`.
    fn blocks(&self, sb: &SuperBlock, layout: Layout) -> u64 {
        let bytes = match layout {
            Layout::Compressed { .. } => sb.block_pos(self.startblk()).ok(),
            _ => num::align_up(self.i_size, sb.block_size()),
        };
        bytes.unwrap_or(u64::MAX) >> 9
    }
}

/// Checks the chunk format.
fn chunk_layout(sb: &SuperBlock, i_u: u32, data_pos: u64) -> Result<Layout> {
    let [low, high, _, _] = i_u.to_le_bytes();
    let format = u16::from_le_bytes([low, high]);
    if format & !chunk::FORMAT_ALL != 0 {
        return Err(Error::Unsupported("unknown chunk format"));
    }
    let indexes = format & chunk::FORMAT_INDEXES != 0;
    let wide = format & chunk::FORMAT_48BIT != 0;
    Ok(Layout::Chunk {
        bits: u32::from(format & chunk::FORMAT_BLKBITS_MASK).saturating_add(sb.block_bits()),
        indexes,
        wide,
        start_pos: num::align_up(data_pos, chunk::Unit::new(indexes, wide).size())
            .ok_or(Error::Corrupt("metadata address overflows"))?,
    })
}

/// Checks the target of a symlink whose inode, attributes and target end in one block.
fn fast_link<P: Pages>(
    meta: &mut Cursor<P>,
    sb: &SuperBlock,
    raw: &Common,
    data_pos: u64,
) -> Result<Option<u64>> {
    let bad = Error::Corrupt("invalid fast symlink");
    // The block is that of the inode's last byte, which the attributes may leave.
    let block_end = num::align_up(raw.end, sb.block_size());
    let link_end = data_pos.checked_add(raw.i_size);
    match (link_end, block_end) {
        (Some(link_end), Some(block_end)) if link_end <= block_end => (),
        _ => return Ok(None),
    }
    if raw.i_size == 0 {
        return Err(bad);
    }
    let target = meta
        .rest_of_page(data_pos)?
        .get(..num::to_usize(raw.i_size))
        .ok_or(bad)?;
    if target.contains(&0) {
        return Err(bad);
    }
    Ok(Some(data_pos))
}
