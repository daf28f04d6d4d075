// SPDX-License-Identifier: GPL-2.0

//! Records of extents. Those of 16 or 32 bytes know where they start and are searched; those of 8
//! bytes are one for each logical cluster; those of 4 bytes as well, and their clusters follow each
//! other on the device, so that all before one are added up.

use super::{
    file::File,
    Algorithm,
    Cluster,
    Encoded,
    Source, //
};
use crate::{
    format::cluster::{
        Extent,
        Plen,
        ADVISE_FRAGMENT_PCLUSTER,
        ADVISE_INTERLACED_PCLUSTER, //
    },
    num,
    pages::{
        advance,
        Cursor, //
    },
    Error,
    Pages,
    Place,
    Result, //
};
use core::cmp::min;
use zerocopy::{
    little_endian::{
        U32,
        U64, //
    },
    IntoBytes, //
};

const POS_SIZE: u64 = 8;
const OVERFLOW: Error = Error::Corrupt("extent overflows");

/// The records of a file.
#[derive(Clone, Copy)]
pub(super) struct Records {
    pub(super) start: u64,
    /// The size of one: 4, 8, 16 or 32.
    pub(super) size: u64,
    pub(super) count: u64,
}

/// How far records of 4 bytes were added up: it saves doing so again for a byte further on.
#[derive(Clone, Copy)]
pub(super) struct Sum {
    /// The number of a record.
    number: u64,
    /// Where its cluster starts.
    pos: u64,
    /// What it has.
    plen: Plen,
}

/// The record that was found for a byte.
struct Found {
    offset: u64,
    end: u64,
    plen: Plen,
    pos: u64,
    last: bool,
}

/// Finds the extent that byte `offset` of the file belongs to.
pub(super) fn find<P: Pages>(
    file: &File,
    meta: &mut Cursor<P>,
    records: Records,
    sum: &mut Option<Sum>,
    offset: u64,
) -> Result<Cluster> {
    let found = match records.size {
        4 => counted(file, meta, records, sum, offset)?,
        8 => numbered(file, meta, records, offset)?,
        _ => match searched(file, meta, records, offset)? {
            Ok(found) => found,
            Err(hole) => return Ok(hole),
        },
    };
    found.cluster(file, records)
}

/// The number of the logical cluster of a byte, with its start, its end, and whether it is the last.
fn lcluster(file: &File, offset: u64) -> Result<(u64, u64, u64, bool)> {
    let number = num::shift_right(offset, file.lcluster_bits);
    let start = num::shift_left(number, file.lcluster_bits).ok_or(OVERFLOW)?;
    let end = num::shift_left(number.saturating_add(1), file.lcluster_bits).ok_or(OVERFLOW)?;
    Ok((number, start, min(end, file.size), end >= file.size))
}

fn record_pos(start: u64, number: u64, size: u64) -> Result<u64> {
    advance(start, number.checked_mul(size).ok_or(OVERFLOW)?)
}

/// Records of 4 bytes: lengths, behind the place of the first cluster.
fn counted<P: Pages>(
    file: &File,
    meta: &mut Cursor<P>,
    records: Records,
    sum: &mut Option<Sum>,
    offset: u64,
) -> Result<Found> {
    let (number, start, end, last) = lcluster(file, offset)?;
    let first = advance(records.start, POS_SIZE)?;
    let mut at = match *sum {
        Some(known) if known.number <= number => known,
        _ => Sum {
            number: 0,
            pos: meta.read::<U64>(records.start)?.get(),
            plen: meta.read_entry(first)?,
        },
    };
    while at.number != number {
        let number = at.number.saturating_add(1);
        at = Sum {
            number,
            pos: at.pos.checked_add(at.plen.len()).ok_or(OVERFLOW)?,
            plen: meta.read_entry(record_pos(first, number, records.size)?)?,
        };
    }
    *sum = Some(at);
    Ok(Found {
        offset: start,
        end,
        plen: at.plen,
        pos: at.pos,
        last,
    })
}

/// Records of 8 bytes: lengths and places.
fn numbered<P: Pages>(
    file: &File,
    meta: &mut Cursor<P>,
    records: Records,
    offset: u64,
) -> Result<Found> {
    let (number, start, end, last) = lcluster(file, offset)?;
    let pos = record_pos(records.start, number, records.size)?;
    let plen: Plen = meta.read_entry(pos)?;
    let place: U32 = meta.read(advance(pos, 4)?)?;
    Ok(Found {
        offset: start,
        end,
        plen,
        pos: u64::from(place.get()),
        last,
    })
}

/// Records that know where they start; before the first there is a hole.
fn searched<P: Pages>(
    file: &File,
    meta: &mut Cursor<P>,
    records: Records,
    offset: u64,
) -> Result<Result<Found, Cluster>> {
    let mut end = file.size;
    let mut best = None;
    let (mut low, mut high) = (0, records.count);
    while low < high {
        let middle = low.saturating_add(high.saturating_sub(low) / 2);
        let mut record = Extent::default();
        let bytes = record
            .as_mut_bytes()
            .get_mut(..num::to_usize(records.size))
            .ok_or(Error::Range)?;
        meta.fill_entry(record_pos(records.start, middle, records.size)?, bytes)?;
        let start = record.lstart();
        if start > offset {
            if start > end {
                return Err(Error::Corrupt("extents are not in order"));
            }
            high = middle;
            end = start;
            continue;
        }
        low = middle.saturating_add(1);
        if start == offset {
            // What is left to learn is where it ends.
            high = min(low.saturating_add(1), high);
        }
        best = Some((start, record));
    }
    Ok(match best {
        Some((start, record)) => Ok(Found {
            offset: start,
            end,
            plen: record.plen,
            pos: record.pstart(),
            last: low >= records.count,
        }),
        None => Err(Cluster {
            offset,
            len: end.saturating_sub(offset),
            whole: true,
            source: Source::Hole,
        }),
    })
}

impl Found {
    fn cluster(&self, file: &File, records: Records) -> Result<Cluster> {
        Ok(Cluster {
            offset: self.offset,
            len: self.end.saturating_sub(self.offset),
            whole: true,
            source: self.source(file, records)?,
        })
    }

    fn source(&self, file: &File, records: Records) -> Result<Source> {
        if self.last && file.advises(ADVISE_FRAGMENT_PCLUSTER) {
            let high = match records.size {
                4 => 0,
                _ => self.pos.wrapping_shl(32),
            };
            return Ok(Source::Fragment {
                pos: u64::from(self.plen.raw()) | high,
            });
        }
        let len = self.plen.len();
        if len == 0 {
            return Ok(Source::Hole);
        }
        let within_block = 1u64.wrapping_shl(file.block_bits).wrapping_sub(1);
        let in_blocks = (self.pos | len) & within_block == 0;
        Ok(Source::Encoded(Encoded {
            algorithm: match self.plen.algorithm() {
                Some(number) => Algorithm::numbered(number)?,
                None if in_blocks && file.advises(ADVISE_INTERLACED_PCLUSTER) => {
                    Algorithm::Interlaced
                }
                None => Algorithm::Shifted,
            },
            place: Place::Device {
                device: 0,
                pos: self.pos,
            },
            len,
            shared: self.plen.partial(),
        }))
    }
}
