// SPDX-License-Identifier: GPL-2.0

//! Entries of an index: what each logical cluster says.

use super::{
    compact,
    file::{
        File,
        Form, //
    },
    pack::Pack,
    Algorithm, //
};
use crate::{
    format::cluster::{
        LclusterIndex,
        ADVISE_BIG_PCLUSTER_1,
        ADVISE_BIG_PCLUSTER_2,
        ADVISE_HOLE,
        ADVISE_INTERLACED_PCLUSTER,
        ADVISE_PARTIAL_REF,
        D0_CBLKCNT,
        FULL_ENTRY_SIZE,
        TYPE_HEAD1,
        TYPE_MASK,
        TYPE_NONHEAD,
        TYPE_PLAIN, //
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

/// What an entry says of its logical cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// An extent starts there.
    Head(Head),
    /// One goes through it.
    NonHead {
        /// How many logical clusters back it starts, or a step on the way there.
        back: u64,
        /// How many logical clusters on the next starts, or a step on the way there.
        ahead: u64,
        /// How many blocks its cluster has. Only the first entry behind a head can say.
        blocks: Option<u64>,
    },
}

/// The start of an extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// Where in the logical cluster it starts: not behind it.
    pub(super) offset: u64,
    /// The first block of its cluster.
    pub(super) block: u32,
    /// It has no cluster.
    pub(super) hole: bool,
    /// Its cluster decodes to more.
    pub(super) shared: bool,
}

/// What a head's type says of the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    First,
    Second,
}

impl Kind {
    /// The kind for bits that are not [`TYPE_NONHEAD`].
    pub(super) fn new(bits: u16) -> Self {
        match bits {
            TYPE_PLAIN => Kind::Plain,
            TYPE_HEAD1 => Kind::First,
            _ => Kind::Second,
        }
    }
}

impl Head {
    /// The algorithm of its cluster, which may lie in the metadata.
    pub(super) fn algorithm(&self, file: &File, in_metadata: bool) -> Algorithm {
        let [first, second] = file.algorithms;
        let interlaced = file.advises(ADVISE_INTERLACED_PCLUSTER) && !in_metadata;
        match self.kind {
            Kind::Plain if interlaced => Algorithm::Interlaced,
            Kind::Plain => Algorithm::Shifted,
            Kind::First => first,
            Kind::Second => second,
        }
    }

    /// Whether its cluster may have more blocks than one.
    pub(super) fn may_be_big(&self, file: &File) -> bool {
        file.advises(match self.kind {
            Kind::First => ADVISE_BIG_PCLUSTER_1,
            Kind::Plain | Kind::Second => ADVISE_BIG_PCLUSTER_2,
        })
    }
}

/// Where the entry of logical cluster `lcn`, or its pack, ends.
pub(super) fn end_of(file: &File, lcn: u64) -> Result<u64> {
    match file.form {
        Form::Compact { start } => compact::end_of(file, start, lcn),
        Form::Full { start } => advance(full_pos(start, lcn)?, FULL_ENTRY_SIZE),
        Form::Extents { .. } => Err(Error::Range),
    }
}

#[inline]
fn full_pos(start: u64, lcn: u64) -> Result<u64> {
    advance(start, lcn.saturating_mul(FULL_ENTRY_SIZE))
}

/// Reads entries, best in ascending order: the pack and the head that were read last are kept.
pub(super) struct Entries<P: Pages> {
    pub(super) meta: Cursor<P>,
    pack: Pack,
    /// The head that was read last, and its logical cluster: where a search for an extent's end
    /// stops, the next one starts.
    head: Option<(u64, Head)>,
}

impl<P: Pages> Entries<P> {
    /// The entries of one file.
    pub(super) fn new(meta: Cursor<P>) -> Self {
        Self {
            meta,
            pack: Pack::empty(),
            head: None,
        }
    }

    /// Reads the entry of logical cluster `lcn`, with the distance to the next head if `ahead`.
    /// The file must be the same each time.
    pub(super) fn read(&mut self, file: &File, lcn: u64, ahead: bool) -> Result<Entry> {
        if let Some((_, head)) = self.head.filter(|(at, _)| *at == lcn) {
            return Ok(Entry::Head(head));
        }
        let entry = match file.form {
            Form::Compact { start } => {
                compact::read(file, &mut self.meta, &mut self.pack, start, lcn, ahead)?
            }
            Form::Full { start } => full(file, self.meta.read_entry(full_pos(start, lcn)?)?)?,
            Form::Extents { .. } => return Err(Error::Range),
        };
        if let Entry::Head(head) = entry {
            if num::shift_right(head.offset, file.lcluster_bits) != 0 {
                return Err(Error::Corrupt("extent starts behind its logical cluster"));
            }
            self.head = Some((lcn, head));
        }
        Ok(entry)
    }
}

fn full(file: &File, raw: LclusterIndex) -> Result<Entry> {
    let advise = raw.di_advise.get();
    Ok(match advise & TYPE_MASK {
        TYPE_NONHEAD => {
            let back = raw.low.get();
            let count = back & D0_CBLKCNT != 0;
            let big = ADVISE_BIG_PCLUSTER_1 | ADVISE_BIG_PCLUSTER_2;
            if count && !file.advises(big) {
                return Err(UNEXPECTED_COUNT);
            }
            Entry::NonHead {
                back: if count { 1 } else { u64::from(back) },
                ahead: u64::from(raw.high.get()),
                blocks: count.then_some(u64::from(back & !D0_CBLKCNT)),
            }
        }
        bits => Entry::Head(Head {
            kind: Kind::new(bits),
            offset: u64::from(raw.di_clusterofs.get()),
            block: raw.blkaddr(),
            hole: advise & ADVISE_HOLE != 0,
            shared: advise & ADVISE_PARTIAL_REF != 0,
        }),
    })
}

pub(super) const UNEXPECTED_COUNT: Error = Error::Corrupt("big cluster in a file without them");
