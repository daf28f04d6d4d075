// SPDX-License-Identifier: GPL-2.0

//! Compact entries. From the header's end to the next multiple of 32 bytes they are in packs of 2,
//! then, if the header advises so, in packs of 16 as long as those are full, then again of 2.

use super::{
    entry::{
        Entry,
        Head,
        Kind,
        UNEXPECTED_COUNT, //
    },
    file::File,
    pack::{
        Pack,
        LARGE,
        SMALL, //
    }, //
};
use crate::{
    format::cluster::{
        ADVISE_BIG_PCLUSTER_1,
        ADVISE_COMPACTED_2B, //
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

/// As many bits as a logical cluster may have, and as many in packs of 16.
const BITS_MAX: u32 = 14;
const BITS_MAX_16: u32 = 12;

/// Where an entry's pack is.
struct Place {
    pos: u64,
    len: u64,
    /// The entry's number in it.
    index: u64,
    /// How many entries the index has.
    total: u64,
}

/// Reads the entry of logical cluster `lcn`, with the distance to the next head if `ahead`, from
/// `pack` if it is there; else from the pack that it is in, which is then left in `pack`.
#[inline]
pub(super) fn read<P: Pages>(
    file: &File,
    meta: &mut Cursor<P>,
    pack: &mut Pack,
    start: u64,
    lcn: u64,
    ahead: bool,
) -> Result<Entry> {
    let index = match pack.index_of(lcn) {
        Some(index) => index,
        None => load(file, meta, pack, start, lcn)?,
    };
    entry(file, pack, index, ahead)
}

/// Reads the pack of logical cluster `lcn`, and tells its entry's number there.
fn load<P: Pages>(
    file: &File,
    meta: &mut Cursor<P>,
    pack: &mut Pack,
    start: u64,
    lcn: u64,
) -> Result<u64> {
    let place = Place::new(file, start, lcn)?;
    let mut bytes = [0; 32];
    let out = bytes
        .get_mut(..num::to_usize(place.len))
        .ok_or(Error::Range)?;
    meta.fill_entry(place.pos, out)?;
    let first = lcn.checked_sub(place.index).ok_or(Error::Range)?;
    let value_bits = max(file.lcluster_bits, BITS_MAX_16);
    *pack = Pack::new(bytes, place.len, value_bits, first, place.total);
    Ok(place.index)
}

/// The entry with a number in a pack.
fn entry(file: &File, pack: &mut Pack, index: u64, ahead: bool) -> Result<Entry> {
    let big = file.advises(ADVISE_BIG_PCLUSTER_1);
    let item = pack.item(index)?;
    if item.is_head() {
        return Ok(Entry::Head(Head {
            kind: Kind::new(item.bits),
            offset: u64::from(item.value),
            block: pack.block(index, big)?,
            hole: false,
            shared: false,
        }));
    }
    Ok(Entry::NonHead {
        back: pack.back(index, item)?,
        ahead: if ahead { pack.ahead(index)? } else { 0 },
        blocks: match item.count() {
            Some(_) if !big => return Err(UNEXPECTED_COUNT),
            count => count.map(u64::from),
        },
    })
}

/// Where the pack of logical cluster `lcn` ends.
pub(super) fn end_of(file: &File, start: u64, lcn: u64) -> Result<u64> {
    let place = Place::new(file, start, lcn)?;
    advance(place.pos, place.len)
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
            index,
            total,
        })
    }
}
