// SPDX-License-Identifier: GPL-2.0

//! A pack of a compact index: entries of as many bits each, and behind them the number of a block.
//! An entry is a type and a number: where the extent starts in a head; else the distance to the
//! head, or with a bit set the number of blocks of the cluster; but in the last entry of a pack the
//! distance to the next head, since that to its own follows from the entry before. The blocks of a
//! pack's clusters follow each other: a head's is found by adding up those before it.

use crate::{
    format::cluster::{
        D0_CBLKCNT,
        TYPE_NONHEAD, //
    },
    num,
    Error,
    Result, //
};

const COUNT: u32 = 1 << 11;
const _: () = assert!(COUNT == 1 << D0_CBLKCNT.trailing_zeros());

/// The size of a pack of 16. It is the alignment of such packs too.
pub(super) const LARGE: u64 = 32;
/// The size of a pack of 2.
pub(super) const SMALL: u64 = 8;
/// The number of a block at the end.
const BLOCK_SIZE: u64 = 4;

/// What a pack says of one logical cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    /// The type.
    pub(super) bits: u16,
    /// The number.
    pub(super) value: u32,
}

impl Item {
    #[inline]
    pub(super) fn is_head(self) -> bool {
        self.bits != TYPE_NONHEAD
    }

    /// The number of blocks, if it is that.
    #[inline]
    pub(super) fn count(self) -> Option<u32> {
        (!self.is_head() && self.value & COUNT != 0).then_some(self.value & !COUNT)
    }
}

/// A pack, kept for the entries that are read next.
pub(super) struct Pack {
    bytes: [u8; 32],
    len: u64,
    /// How many entries there are.
    count: u64,
    /// How many bits the number of an entry has.
    value_bits: u32,
    /// The logical cluster of the first entry, and how many entries are of the file.
    first: u64,
    held: u64,
    /// How many blocks are before the entry with a number: what [`Pack::blocks_before`] found last.
    /// The next head is near, and so little is added up twice.
    known: (u64, u32),
}

impl Pack {
    /// A pack without entries.
    pub(super) fn empty() -> Self {
        Self {
            bytes: [0; 32],
            len: 0,
            count: 0,
            value_bits: 0,
            first: 0,
            held: 0,
            known: (0, 0),
        }
    }

    /// The pack that has its first entry for logical cluster `first`, in a file of `total`.
    pub(super) fn new(bytes: [u8; 32], len: u64, value_bits: u32, first: u64, total: u64) -> Self {
        let count = if len == LARGE { 16 } else { 2 };
        Self {
            bytes,
            len,
            count,
            value_bits,
            first,
            held: total.saturating_sub(first).min(count),
            known: (0, 0),
        }
    }

    /// The number in the pack of the entry of logical cluster `lcn`, if it is there.
    #[inline]
    pub(super) fn index_of(&self, lcn: u64) -> Option<u64> {
        lcn.checked_sub(self.first)
            .filter(|&index| index < self.held)
    }

    #[inline]
    fn word(&self, at: u64) -> Option<u32> {
        let bytes = self.bytes.get(num::to_usize(at)..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    }

    /// The entry with a number, which the pack must have.
    #[inline]
    pub(super) fn item(&self, index: u64) -> Result<Item> {
        // 16 bits for each of 2 entries, 14 for each of 16.
        let entry_bits = if self.count == 2 { 16 } else { 14 };
        let at = index.wrapping_mul(entry_bits);
        let Some(word) = self.word(at / 8) else {
            return Err(Error::Range);
        };
        let word = word >> (at % 8);
        let mask = 1u32.wrapping_shl(self.value_bits).wrapping_sub(1);
        let [bits, ..] = (word.wrapping_shr(self.value_bits) & 3).to_le_bytes();
        Ok(Item {
            bits: u16::from(bits),
            value: word & mask,
        })
    }

    /// The distance from an entry that is no head to its own.
    pub(super) fn back(&self, index: u64, item: Item) -> Result<u64> {
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
    pub(super) fn ahead(&self, index: u64) -> Result<u64> {
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

    /// The first block of the cluster that belongs to the head at `index`, where clusters may be
    /// big or not.
    pub(super) fn block(&mut self, index: u64, big: bool) -> Result<u32> {
        let blocks = self.blocks_before(index, big)?;
        self.known = (index, blocks);
        let base = self
            .word(self.len.saturating_sub(BLOCK_SIZE))
            .ok_or(Error::Range)?;
        // The number is that of the block before the first cluster's, where all have one block.
        let skip = if big { 0 } else { 1 };
        Ok(base.wrapping_add(skip).wrapping_add(blocks))
    }

    /// How many blocks the clusters before the entry at `index` have.
    fn blocks_before(&self, index: u64, big: bool) -> Result<u32> {
        let (known, known_blocks) = self.known;
        let mut blocks = 0u32;
        let mut index = index;
        while index != known {
            let Some(before) = index.checked_sub(1) else {
                return Ok(blocks);
            };
            let item = self.item(before)?;
            let back = u64::from(item.value);
            let (more, step) = if item.is_head() {
                (1, 0)
            } else if !big {
                // The head may be in a pack before this one.
                if back > before {
                    return Ok(blocks);
                }
                (1, back)
            } else if let Some(count) = item.count() {
                (count, 1)
            } else if back <= 1 {
                // Where clusters may be big, the first entry behind a head has the number of blocks.
                return Err(Error::Corrupt("big cluster without a number of blocks"));
            } else {
                (0, back.saturating_sub(2))
            };
            blocks = blocks.saturating_add(more);
            let Some(next) = before.checked_sub(step) else {
                return Ok(blocks);
            };
            index = next;
        }
        Ok(blocks.saturating_add(known_blocks))
    }
}
