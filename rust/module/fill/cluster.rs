// SPDX-License-Identifier: GPL-2.0

//! What is to be done for one cluster of a window: which bytes are wanted, where those that they
//! are decoded from are read to, and what memory that takes.

use crate::{
    fill::keep::Kept,
    sys::{
        span::Target,
        temporary::{
            Budget,
            Patience,
            Temporary, //
        }, //
    },
    vfs::folios::{
        Folios,
        Share, //
    }, //
};
use cofs_core::{
    compressed::{
        decode,
        Algorithm,
        Cluster,
        Encoded, //
    },
    Place,
    SuperBlock, //
};
use core::ops::Range;
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::Arc, //
};

/// What reads on devices are multiples of, in bytes.
const SECTOR: u64 = 512;

/// As many bytes are copied rather than mapped.
pub(crate) const SHORT: usize = 32 << 10;

/// As far back does LZ4 data refer at most; and the page that it is being written to.
const LZ4_PAGES: usize = (64 << 10) / PAGE_SIZE + 1;

/// How the bytes of a cluster become those of an extent. A window has many: it is kept small.
#[derive(Clone, Copy)]
pub(crate) struct Coding {
    /// The byte of the file where the extent starts.
    pub(crate) offset: u64,
    /// How many bytes the cluster has.
    pub(crate) len: u32,
    /// How many of them are in its first block.
    pub(crate) first: u32,
    pub(crate) algorithm: Algorithm,
    /// Whether it must decode to what is wanted, and no more.
    pub(crate) exact: bool,
    /// Whether only a part of the extent is kept, so that it is decoded again for the rest.
    pub(crate) partial: bool,
}

impl Coding {
    /// That of a cluster of which the bytes `wanted` of the file are.
    pub(crate) fn new(
        sb: &SuperBlock,
        cluster: &Cluster,
        encoded: &Encoded,
        wanted: &Range<u64>,
    ) -> Self {
        let first = match encoded.place {
            Place::Device { pos, .. } => decode::first_block(sb, pos, encoded.len),
            _ => encoded.len,
        };
        // The core has checked that clusters are not larger than some MiB.
        Self {
            offset: cluster.offset,
            len: encoded.len as u32,
            first: first as u32,
            algorithm: encoded.algorithm,
            exact: cluster.exact() && wanted.end >= cluster.end(),
            partial: wanted.start > cluster.offset || wanted.end < cluster.end(),
        }
    }
}

/// A cluster that somebody is to decode. A window has many: what few have is elsewhere.
pub(crate) struct Work {
    pub(crate) coding: Coding,
    /// Where what is wanted of the file ends: with the extent, or with the window.
    end: u64,
    /// The place of what is wanted, and what is free behind it in the last page of the file.
    pub(crate) share: Share,
    pub(crate) input: Input,
    /// For what is decoded before it, if that is mapped.
    pub(crate) holes: Option<KBox<Temporary>>,
    /// How many bytes are read before the cluster's first; of a final place, how many are not read.
    skip: u32,
    /// How many bytes are read.
    pub(crate) read: u32,
}

/// Where the bytes of a cluster are read to.
pub(crate) enum Input {
    /// To the place of the wanted bytes themselves, at its end: this byte of the file.
    InPlace(u64),
    /// Where they belong: this byte of the file. They are not compressed.
    Final(u64),
    /// To pages of their own.
    Temporary(KBox<Temporary>),
    /// To the page cache of what the image lies on: the job knows where.
    Kept,
}

/// A cluster of which a window wants something.
pub(crate) struct Plan {
    pub(crate) cluster: Cluster,
    pub(crate) encoded: Encoded,
    /// Its first byte on the device.
    pub(crate) pos: u64,
    /// What of the file is wanted.
    pub(crate) wanted: Range<u64>,
    /// Where the cluster is to stay, if it is.
    pub(crate) kept: Option<Kept>,
    /// The size of the file.
    pub(crate) size: u64,
}

impl Plan {
    /// Chooses where the cluster is read to, with temporary pages of `budget` if it must be.
    pub(crate) fn work(
        &self,
        sb: &SuperBlock,
        folios: &mut Folios,
        budget: &Arc<Budget>,
        patience: Patience,
    ) -> Result<Work> {
        budget.saw(self.cluster.len.max(self.encoded.len));
        let wanted = self.wanted.clone();
        // Behind the end of the file nobody looks, up to the end of the page.
        let end = if wanted.end >= self.size {
            wanted.end.next_multiple_of(PAGE_SIZE as u64)
        } else {
            wanted.end
        };
        let room = wanted.start..end.min(folios.range().end).max(wanted.end);
        let (input, skip, read) = match self.final_place(sb, &room) {
            Some((from, len)) => (Input::Final(wanted.start), from, len),
            None => {
                let skip = self.pos % SECTOR;
                let read = skip
                    .checked_add(self.encoded.len)
                    .and_then(|end| end.checked_next_multiple_of(SECTOR))
                    .ok_or(EINVAL)?;
                let last = room.end - room.end % SECTOR;
                let at = last.checked_sub(read).filter(|&at| at >= room.start);
                let input = match (self.kept, at) {
                    (Some(_), _) => Input::Kept,
                    (None, Some(at)) => Input::InPlace(at),
                    (None, None) => {
                        let pages = Temporary::new(read as usize, budget, patience)?;
                        Input::Temporary(KBox::new(pages, GFP_KERNEL)?)
                    }
                };
                (input, skip, read)
            }
        };
        // Two for one work: whoever waited for the second would have others wait for the first.
        let more = match (&input, patience) {
            (Input::Temporary(_), Patience::Waits) => Patience::Over,
            _ => patience,
        };
        let holes = match self.holes(room.start) {
            0 => None,
            pages => {
                let pages = Temporary::new(pages * PAGE_SIZE, budget, more)?;
                Some(KBox::new(pages, GFP_KERNEL)?)
            }
        };
        Ok(Work {
            holes,
            share: folios.share(room)?,
            coding: Coding::new(sb, &self.cluster, &self.encoded, &wanted),
            end: wanted.end,
            input,
            skip: skip as u32,
            read: read as u32,
        })
    }

    /// How many pages it takes to decode what is before `start`, of which nothing is wanted, if it
    /// is too much to be copied.
    fn holes(&self, start: u64) -> usize {
        let page = PAGE_SIZE as u64;
        let first = self.cluster.offset - self.cluster.offset % page;
        let pages = (start.saturating_sub(first) / page) as usize;
        let decoded = self.wanted.end.saturating_sub(self.cluster.offset) as usize;
        if decoded <= SHORT || self.encoded.algorithm.is_plain() {
            return 0;
        }
        match self.encoded.algorithm {
            // Bytes that are further back may be overwritten.
            Algorithm::Lz4 => pages.min(LZ4_PAGES),
            _ => pages,
        }
    }

    /// Whether the bytes of a plain cluster can be read to where they belong, so that they need not
    /// be moved: from which byte of the cluster on, and how many. Sectors must come to lie on
    /// sectors.
    fn final_place(&self, sb: &SuperBlock, room: &Range<u64>) -> Option<(u64, u64)> {
        if !self.encoded.algorithm.is_plain() {
            return None;
        }
        let (cluster, wanted) = (&self.cluster, &self.wanted);
        let [first, rest] = decode::plain(
            self.encoded.algorithm,
            cluster.offset,
            self.encoded.len,
            wanted.end.checked_sub(cluster.offset)?,
            sb.block_size(),
        );
        if !rest.from.is_empty() {
            return None;
        }
        let skipped = wanted.start.checked_sub(cluster.offset)?;
        let from = first.from.start.checked_add(skipped)?;
        let len = wanted.end.checked_sub(wanted.start)?;
        let len = len.checked_next_multiple_of(SECTOR)?;
        let aligned = (wanted.start | self.pos.checked_add(from)?) % SECTOR == 0;
        let fits = wanted.start.checked_add(len)? <= room.end;
        // What is read is the cluster's, and not what follows it.
        let own = from.checked_add(len)? <= self.encoded.len.checked_next_multiple_of(SECTOR)?;
        (aligned && fits && own).then_some((from, len))
    }
}

impl Work {
    /// The byte of the device at which reading starts, for a cluster at `pos`.
    pub(crate) fn first_sector(&self, pos: u64) -> u64 {
        match self.input {
            Input::Final(_) => pos.saturating_add(u64::from(self.skip)),
            _ => pos.saturating_sub(u64::from(self.skip)),
        }
    }

    /// What of the file is wanted.
    pub(crate) fn wanted(&self) -> Range<u64> {
        self.share.range().start..self.end
    }

    /// What of the file is decoded: from the extent's start on.
    pub(crate) fn range(&self) -> Range<u64> {
        self.coding.offset..self.end
    }

    /// How many bytes from the extent's start on are to be decoded.
    pub(crate) fn decoded(&self) -> usize {
        self.end.saturating_sub(self.coding.offset) as usize
    }

    /// How many bytes there are before the cluster's first where it is read to.
    pub(crate) fn skip(&self) -> usize {
        self.skip as usize
    }

    /// How far behind the extent's start the cluster's bytes end, if they are in place.
    pub(crate) fn data_end(&self) -> Option<usize> {
        let Input::InPlace(at) = self.input else {
            return None;
        };
        let start = at.checked_sub(self.coding.offset)? as usize;
        start
            .checked_add(self.skip())?
            .checked_add(self.coding.len as usize)
    }

    /// How many bytes are decoded to folios that lie in several pieces.
    pub(crate) fn scattered(&self, folios: &Folios) -> usize {
        let range = self.range();
        let whole = range.start >= self.share.range().start;
        match self.input {
            Input::Final(_) => 0,
            _ if whole && !folios.adjoins(&self.share, &range) => self.decoded(),
            _ => 0,
        }
    }

    /// Shows `see` where the bytes are to be read to.
    pub(crate) fn each<'a>(&'a self, folios: &'a Folios, see: impl FnMut(Target<'a>)) {
        match &self.input {
            Input::InPlace(at) | Input::Final(at) => {
                let end = at.saturating_add(u64::from(self.read));
                folios.each(&self.share, *at..end, see);
            }
            Input::Temporary(pages) => pages.each(self.read as usize, see),
            Input::Kept => {}
        }
    }
}
