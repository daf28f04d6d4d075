// SPDX-License-Identifier: GPL-2.0

//! From entry to entry: to the head of an extent, to the number of its blocks, to its end.

use super::{
    entry::{
        Entries,
        Entry,
        Head, //
    },
    file::File,
    MAX_DECODED, //
};
use crate::{
    num,
    Error,
    Pages,
    Result, //
};

/// As many entries may lead back less far than they should.
const SHORT_STEPS: u64 = 64;
/// As far as an entry leads back on average: entries can lead 2047, and do unless the head is
/// nearer.
const STEP: u64 = 256;

/// Where an extent starts, and what was learnt on the way there.
pub(super) struct Start {
    pub(super) head: Head,
    pub(super) lcn: u64,
    /// The extent goes up to here at least.
    pub(super) end: u64,
    /// It ends there.
    pub(super) whole: bool,
    /// The entry behind the head, if it was seen.
    follower: Option<Entry>,
}

const OVERFLOW: Error = Error::Corrupt("file offset overflows");

/// The byte of the file where logical cluster `lcn` starts.
#[inline]
fn offset_of(file: &File, lcn: u64) -> Result<u64> {
    num::shift_left(lcn, file.lcluster_bits).ok_or(OVERFLOW)
}

/// Finds the extent that byte `offset` of the file belongs to.
#[inline]
pub(super) fn start<P: Pages>(file: &File, entries: &mut Entries<P>, offset: u64) -> Result<Start> {
    let first = num::shift_right(offset, file.lcluster_bits);
    let mut entry = entries.read(file, first, false)?;
    let base = offset_of(file, first)?;
    let mut end = offset_of(file, first.saturating_add(1))?;
    let mut whole = false;
    let mut lcn = first;
    let mut follower = None;
    let mut steps = 0u64;
    loop {
        let back = match entry {
            // In the logical cluster that was asked for, the byte may be before the start.
            Entry::Head(head) if lcn != first || base.saturating_add(head.offset) <= offset => {
                return Ok(Start {
                    head,
                    lcn,
                    end,
                    whole,
                    follower,
                });
            }
            Entry::Head(head) => {
                end = base.saturating_add(head.offset);
                whole = true;
                1
            }
            Entry::NonHead { back, .. } => back,
        };
        let bogus = Error::Corrupt("invalid distance to the start of an extent");
        let head_lcn = lcn.checked_sub(back).filter(|_| back != 0).ok_or(bogus)?;
        steps = steps.saturating_add(1);
        let far = first.saturating_sub(head_lcn) / STEP;
        if steps > SHORT_STEPS.saturating_add(far) {
            return Err(bogus);
        }
        follower = (back == 1).then_some(entry);
        lcn = head_lcn;
        entry = entries.read(file, lcn, false)?;
    }
}

impl Start {
    /// The byte of the file where the extent starts.
    pub(super) fn offset(&self, file: &File) -> Result<u64> {
        offset_of(file, self.lcn)?
            .checked_add(self.head.offset)
            .ok_or(OVERFLOW)
    }

    /// How many blocks the extent's cluster has; 0 for a hole.
    pub(super) fn blocks<P: Pages>(&self, file: &File, entries: &mut Entries<P>) -> Result<u64> {
        if self.head.hole {
            return Ok(0);
        }
        let next = self.lcn.saturating_add(1);
        if !self.head.may_be_big(file) || offset_of(file, next)? >= file.size {
            return Ok(1);
        }
        let follower = match self.follower {
            Some(entry) => entry,
            None => entries.read(file, next, false)?,
        };
        match follower {
            Entry::Head(_) => Ok(1),
            Entry::NonHead {
                back: 1,
                blocks: Some(blocks),
                ..
            } => Ok(blocks),
            Entry::NonHead { .. } => Err(Error::Corrupt("big cluster without a number of blocks")),
        }
    }

    /// Where the extent ends, which is with the file at the latest, and whether that is known: not
    /// if it is longer than a cluster can be.
    pub(super) fn find_end<P: Pages>(
        &self,
        file: &File,
        entries: &mut Entries<P>,
    ) -> Result<(u64, bool)> {
        let limit = self.offset(file)?.saturating_add(MAX_DECODED);
        let mut lcn = self.lcn.saturating_add(1);
        loop {
            let pos = offset_of(file, lcn)?;
            if pos >= file.size {
                return Ok((file.size, true));
            }
            if pos > limit {
                return Ok((pos, false));
            }
            let entry = entries.read(file, lcn, true)?;
            let ahead = match entry {
                Entry::Head(head) => return Ok((pos.saturating_add(head.offset), true)),
                // Early versions of mkfs.erofs wrote 0.
                Entry::NonHead { ahead, .. } => ahead.max(1),
            };
            lcn = lcn.saturating_add(ahead);
        }
    }
}
