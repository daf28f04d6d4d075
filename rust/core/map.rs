// SPDX-License-Identifier: GPL-2.0

//! From a range of a file to its place on the device.

use crate::{
    format::chunk::{
        Chunk,
        Unit, //
    },
    format::inode::NULL_ADDR,
    num,
    pages::{
        advance,
        end_for,
        Cursor, //
    },
    Error,
    Inode,
    Layout,
    Pages,
    Result,
    SuperBlock, //
};
use core::cmp::min;

/// A range of a file that lies in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The file offset it starts at.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
    /// Where it lies.
    pub place: Place,
}

/// Where an [`Extent`] lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: it reads as zeros.
    Hole,
    /// On a device.
    Device {
        /// The device: 0 is the one that was mounted.
        device: u16,
        /// The byte on that device. Those of device 0 go on into the extra devices: see
        /// [`devices`](crate::devices).
        pos: u64,
    },
    /// In the metadata, at any alignment.
    Meta {
        /// The byte on the device that was mounted.
        pos: u64,
    },
}

/// Finds the extent that contains `offset`. It starts at `offset` and has 1 to `want` bytes.
///
/// - Past `i_size` everything is a hole of `want` bytes.
/// - An extent on the device may go past `i_size`, but not past the file's last block, so that it
///   is a whole number of blocks where `offset` and `want` are. It never leaves the image, but
///   where that has extra devices, [`resolve()`](crate::devices::resolve) is to see to it.
/// - An extent in the metadata ends at `i_size` at the latest.
/// - Chunks that follow each other on the device, and chunks that are holes, are joined as far as
///   their entries lie in one block of metadata.
///
/// ```no_run
/// # use cofs_core::{map, Inode, Pages, Place, Result, SuperBlock};
/// # fn read_at<P: Pages>(meta: &P, sb: &SuperBlock, inode: &Inode) -> Result<()> {
/// let mut offset = 0;
/// while offset < inode.size() {
///     let extent = map(meta, sb, inode, offset, 128 << 10)?;
///     match extent.place {
///         Place::Hole => println!("{offset}: {} zeros", extent.len),
///         Place::Device { pos, .. } => println!("{offset}: {} bytes at {pos}", extent.len),
///         Place::Meta { pos } => println!("{offset}: a tail at {pos}"),
///     }
///     offset += extent.len;
/// }
/// # Ok(())
/// # }
/// ```
pub fn map<P: Pages + ?Sized>(
    meta: &P,
    sb: &SuperBlock,
    inode: &Inode,
    offset: u64,
    want: u64,
) -> Result<Extent> {
    let hole = Extent {
        offset,
        len: want,
        place: Place::Hole,
    };
    if offset >= inode.size() || want == 0 {
        return Ok(hole);
    }
    match inode.layout() {
        Layout::Plain { start: NULL_ADDR } => Ok(hole),
        Layout::Plain { start } => {
            let end = end_of_blocks(sb, inode)?;
            flat(sb, start, offset, min(want, end.saturating_sub(offset)))
        }
        Layout::Inline { start, tail_pos } => {
            // The last block, or the part of it that is in use, is the tail.
            let tail_start = end_of_blocks(sb, inode)?.saturating_sub(sb.block_size());
            match tail_start.checked_sub(offset) {
                Some(len @ 1..) => flat(sb, start, offset, min(want, len)),
                _ => tail(sb, inode, tail_start, tail_pos, offset, want),
            }
        }
        Layout::Chunk {
            bits,
            indexes,
            wide,
            start_pos,
        } => {
            let array = Array {
                unit: Unit::new(indexes, wide),
                start_pos,
                bits,
            };
            array.map(meta, sb, inode, offset, want)
        }
        Layout::Compressed { .. } => Err(Error::Unsupported("compressed files are not supported")),
    }
}

/// The file's size in whole blocks.
fn end_of_blocks(sb: &SuperBlock, inode: &Inode) -> Result<u64> {
    num::align_up(inode.size(), sb.block_size()).ok_or(Error::Corrupt("file size overflows"))
}

/// An extent of a file whose blocks follow each other from `start`.
fn flat(sb: &SuperBlock, start: u64, offset: u64, len: u64) -> Result<Extent> {
    let pos = sb
        .block_pos(start)?
        .checked_add(offset)
        .ok_or(OUT_OF_IMAGE)?;
    on_device(sb, offset, 0, pos, len)
}

/// An extent in the tail behind the inode.
fn tail(
    sb: &SuperBlock,
    inode: &Inode,
    tail_start: u64,
    tail_pos: u64,
    offset: u64,
    want: u64,
) -> Result<Extent> {
    let tail_len = inode.size().saturating_sub(tail_start);
    if sb.block_offset(tail_pos).saturating_add(tail_len) > sb.block_size() {
        return Err(Error::Corrupt("inline data crosses its block"));
    }
    Ok(Extent {
        offset,
        len: min(want, inode.size().saturating_sub(offset)),
        place: Place::Meta {
            pos: advance(tail_pos, offset.saturating_sub(tail_start))?,
        },
    })
}

pub(crate) const OUT_OF_IMAGE: Error = Error::Corrupt("data lies outside the image");

/// An extent on a device, cut where the image's part of the mounted device ends.
fn on_device(sb: &SuperBlock, offset: u64, device: u16, pos: u64, len: u64) -> Result<Extent> {
    let end = sb.block_pos(sb.blocks())?;
    let len = match end.checked_sub(pos) {
        _ if device > sb.extra_devices() => return Err(Error::NoDevice),
        Some(room @ 1..) if device == 0 => min(len, room),
        // An extra device, or an address in the range of one.
        _ if sb.needs_devices() => len,
        _ => return Err(OUT_OF_IMAGE),
    };
    Ok(Extent {
        offset,
        len,
        place: Place::Device { device, pos },
    })
}

/// The array of a chunk-based file.
struct Array {
    unit: Unit,
    start_pos: u64,
    bits: u32,
}

impl Array {
    fn map<P: Pages + ?Sized>(
        &self,
        meta: &P,
        sb: &SuperBlock,
        inode: &Inode,
        offset: u64,
        want: u64,
    ) -> Result<Extent> {
        let overflow = Error::Corrupt("metadata address overflows");
        let meta = &mut Cursor::new(meta);
        let chunk_size = num::shift_left(1, self.bits).ok_or(overflow)?;
        let number = num::shift_right(offset, self.bits);
        let within = offset & chunk_size.wrapping_sub(1);
        let remaining = end_of_blocks(sb, inode)?.saturating_sub(offset);
        let limit = min(want, remaining);

        let mut entry = number
            .checked_mul(self.unit.size())
            .and_then(|distance| self.start_pos.checked_add(distance))
            .ok_or(overflow)?;
        // The page cache of a device has zeros behind its end, as many as anyone asks for.
        let meta_end = end_for(meta.source(), entry);
        if entry >= meta_end {
            return Err(Error::Corrupt("chunk table leaves the image"));
        }
        let entry_end = entry
            .checked_add(1)
            .and_then(|next| num::align_up(next, sb.block_size()))
            .map(|end| min(end, meta_end))
            .ok_or(overflow)?;

        let mask = sb.device_id_mask();
        let first = self.unit.read(meta, entry, mask)?;
        let step = chunk_size >> sb.block_bits();
        let mut expected = first.after(step);
        let mut len = chunk_size.saturating_sub(within);
        while len < limit {
            entry = advance(entry, self.unit.size())?;
            if entry >= entry_end || self.unit.read(meta, entry, mask)? != expected {
                break;
            }
            expected = expected.after(step);
            len = len.saturating_add(chunk_size);
        }

        match first {
            // What follows the last chunk is a hole too.
            Chunk::Hole => Ok(Extent {
                offset,
                len: if len >= remaining {
                    want
                } else {
                    len.min(limit)
                },
                place: Place::Hole,
            }),
            Chunk::Block { device, addr } => {
                let pos = sb
                    .block_pos(addr)?
                    .checked_add(within)
                    .ok_or(OUT_OF_IMAGE)?;
                on_device(sb, offset, device, pos, min(len, limit))
            }
        }
    }
}

impl Chunk {
    /// What the next chunk's entry is if it joins this one.
    fn after(self, blocks: u64) -> Chunk {
        match self {
            Chunk::Hole => Chunk::Hole,
            Chunk::Block { device, addr } => Chunk::Block {
                device,
                addr: addr.saturating_add(blocks),
            },
        }
    }
}
