// SPDX-License-Identifier: GPL-2.0

//! Compact entries. From the header's end to the next multiple of 32 bytes they are in packs of 2,
//! then, if the header advises so, in packs of 16 as long as those are full, then again of 2.
//!
//! A pack is entries of as many bits each, and behind them the number of a block. An entry is a
//! type and a number: where the extent starts in a head; else the distance to the head, or with a
//! bit set the number of blocks of the cluster; but in the last entry of a pack the distance to
//! the next head, since that to its own follows from the entry before. The blocks of a pack's
//! clusters follow each other: a head's is found by adding up those before it.

use super::{
    entry::{
        Entry,
        Head,
        Kind,
        UNEXPECTED_COUNT, //
    },
    file::File, //
};
use crate::{
    format::cluster::{
        ADVISE_BIG_PCLUSTER_1,
        ADVISE_COMPACTED_2B,
        D0_CBLKCNT,
        TYPE_NONHEAD, //
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
use core::cmp::max;

const COUNT: u32 = 1 << 11;
const _: () = assert!(COUNT == 1 << D0_CBLKCNT.trailing_zeros());

/// As many bits as a logical cluster may have, and as many in packs of 16.
const BITS_MAX: u32 = 14;
const BITS_MAX_16: u32 = 12;

/// The larger pack's size. It is the alignment of the packs of 16 too.
const LARGE: u64 = 32;
const SMALL: u64 = 8;
/// The number of a block at the end.
const BLOCK_SIZE: usize = 4;

/// What a pack says of one logical cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Item {
    bits: u16,
    value: u32,
}

impl Item {
    fn is_head(self) -> bool {
        self.bits != TYPE_NONHEAD
    }

    /// The number of blocks, if it is that.
    fn count(self) -> Option<u32> {
        (!self.is_head() && self.value & COUNT != 0).then_some(self.value & !COUNT)
    }
}

struct Pack {
    bytes: [u8; 32],
    len: u64,
    /// How many entries there are.
    count: u32,
    /// How many bits the number of an entry has.
    value_bits: u32,
}

/// Where an entry's pack is.
struct Place {
    pos: u64,
    len: u64,
    /// The entry's number in it.
    index: u32,
}

/// Reads the entry of logical cluster `lcn`, with the distance to the next head if `ahead`, and
/// tells where its pack ends.
pub(super) fn read<P: Pages>(
    file: &File,
    meta: &mut Cursor<P>,
    start: u64,
    lcn: u64,
    ahead: bool,
) -> Result<(Entry, u64)> {
    let place = Place::new(file, start, lcn)?;
    let pack = Pack::read(file, meta, &place)?;
    let end = advance(place.pos, place.len)?;
    let item = pack.item(place.index)?;
    if item.is_head() {
        let head = Head {
            kind: Kind::new(item.bits),
            offset: u64::from(item.value),
            block: pack.block(file, place.index)?,
            hole: false,
            shared: false,
        };
        return Ok((Entry::Head(head), end));
    }
    let entry = Entry::NonHead {
        back: pack.back(place.index)?,
        ahead: if ahead { pack.ahead(place.index)? } else { 0 },
        blocks: match item.count() {
            Some(_) if !big(file) => return Err(UNEXPECTED_COUNT),
            count => count.map(u64::from),
        },
    };
    Ok((entry, end))
}

fn big(file: &File) -> bool {
    file.advises(ADVISE_BIG_PCLUSTER_1)
}

impl Place {
    fn new(file: &File, start: u64, lcn: u64) -> Result<Self> {
        // As the format has it, of blocks and not of logical clusters.
        let total = num::align_up(file.size, 1u64.wrapping_shl(file.block_bits))
            .map(|end| num::shift_right(end, file.block_bits))
            .ok_or(Error::Corrupt("file size overflows"))?;
        if lcn >= total || file.lcluster_bits > BITS_MAX {
            return Err(Error::Invalid("invalid logical cluster of a compact index"));
        }
        // 4 bytes for each of the first, as far as packs of 16 are not aligned.
        let initial = (LARGE.wrapping_sub(start % LARGE) / 4) & 7;
        let large = if file.advises(ADVISE_COMPACTED_2B) {
            num::align_down(total.saturating_sub(initial), 16)
        } else {
            0
        };
        let initial_size = initial.saturating_mul(4);
        let (distance, len) = match lcn.checked_sub(initial) {
            Some(rest) if rest < large => {
                (initial_size.saturating_add(rest.saturating_mul(2)), LARGE)
            }
            Some(rest) => {
                let small = rest.saturating_sub(large).saturating_mul(4);
                let large = large.saturating_mul(2);
                (
                    initial_size.saturating_add(large).saturating_add(small),
                    SMALL,
                )
            }
            None => (lcn.saturating_mul(4), SMALL),
        };
        if len == LARGE && file.lcluster_bits > BITS_MAX_16 {
            return Err(Error::Unsupported("logical clusters are too large"));
        }
        let pos = advance(start, distance)?;
        let within = pos & len.wrapping_sub(1);
        let index = if len == LARGE { within / 2 } else { within / 4 };
        Ok(Self {
            pos: pos.saturating_sub(within),
            len,
            index: u32::try_from(index).unwrap_or(0),
        })
    }
}

impl Pack {
    fn read<P: Pages>(file: &File, meta: &mut Cursor<P>, place: &Place) -> Result<Self> {
        let mut bytes = [0; 32];
        let out = bytes
            .get_mut(..num::to_usize(place.len))
            .ok_or(Error::Range)?;
        meta.fill_entry(place.pos, out)?;
        Ok(Self {
            bytes,
            len: place.len,
            count: if place.len == LARGE { 16 } else { 2 },
            value_bits: max(file.lcluster_bits, BITS_MAX_16),
        })
    }

    fn word(&self, at: u64) -> Result<u32> {
        let bytes = self
            .bytes
            .get(num::to_usize(at)..)
            .and_then(|rest| rest.first_chunk())
            .ok_or(Error::Range)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn item(&self, index: u32) -> Result<Item> {
        // 16 bits for each of 2 entries, 14 for each of 16.
        let entry_bits = if self.count == 2 { 16 } else { 14 };
        let at = index.saturating_mul(entry_bits);
        let word = self.word(u64::from(at / 8))? >> (at % 8);
        let mask = 1u32.wrapping_shl(self.value_bits).wrapping_sub(1);
        let bits = word.wrapping_shr(self.value_bits) & 3;
        Ok(Item {
            bits: u16::try_from(bits).unwrap_or(TYPE_NONHEAD),
            value: word & mask,
        })
    }

    /// The distance from an entry that is no head to its own.
    fn back(&self, index: u32) -> Result<u64> {
        let item = self.item(index)?;
        if item.count().is_some() {
            return Ok(1);
        }
        if index.saturating_add(1) != self.count {
            return Ok(u64::from(item.value));
        }
        let before = self.item(index.saturating_sub(1))?;
        Ok(match before.count() {
            _ if before.is_head() => 1,
            Some(_) => 2,
            None => u64::from(before.value).saturating_add(1),
        })
    }

    /// The distance from an entry that is no head to the next.
    fn ahead(&self, index: u32) -> Result<u64> {
        let mut distance = 0u64;
        let mut last = 0;
        for index in index..self.count {
            let item = self.item(index)?;
            if item.is_head() {
                return Ok(distance);
            }
            distance = distance.saturating_add(1);
            last = item.value;
        }
        if last & COUNT == 0 {
            distance = distance.saturating_add(u64::from(last)).saturating_sub(1);
        }
        Ok(distance)
    }

    /// The first block of the cluster that belongs to the head at `index`.
    fn block(&self, file: &File, index: u32) -> Result<u32> {
        let mut blocks = if big(file) { 0u32 } else { 1 };
        let mut index = i64::from(index);
        while index > 0 {
            index = index.saturating_sub(1);
            let item = self.item(u32::try_from(index).unwrap_or(0))?;
            let back = i64::from(item.value);
            if item.is_head() {
                blocks = blocks.saturating_add(1);
            } else if !big(file) {
                index = index.saturating_sub(back);
                if index >= 0 {
                    blocks = blocks.saturating_add(1);
                }
            } else if let Some(count) = item.count() {
                index = index.saturating_sub(1);
                blocks = blocks.saturating_add(count);
            } else if back <= 1 {
                // Where clusters may be big, the first entry behind a head has the number of blocks.
                return Err(Error::Corrupt("big cluster without a number of blocks"));
            } else {
                index = index.saturating_sub(back.saturating_sub(2));
            }
        }
        let base = self.word(self.len.saturating_sub(num::to_u64(BLOCK_SIZE)))?;
        Ok(base.wrapping_add(blocks))
    }
}
