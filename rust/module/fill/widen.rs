// SPDX-License-Identifier: GPL-2.0

//! Before a readahead: whether it is made wider, so that clusters are not decoded twice.
//!
//! Who reads on and on gets whole clusters. Who reads here and there gets the start of one up to what
//! is wanted, when it is the first that comes to it, and all of it when something of it is wanted
//! again; or at once where clusters are mostly come back to.

use crate::{
    fill::{
        keep::Kept,
        source::Source, //
    },
    vfs::file::File, //
};
use cofs_core::{
    compressed::{
        Cluster,
        Finder,
        Reach,
        Source as From, //
    },
    Place, //
};
use core::ops::Range;
use kernel::{
    page::PAGE_SIZE,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

const PAGE: u64 = PAGE_SIZE as u64;

/// As many bytes a cluster decodes to at most of which more is taken in than few pages.
const SMALL: u64 = 256 << 10;

/// As many bytes a window has whose clusters are all decoded as a whole: someone reads on and on.
const SEQUENTIAL: u64 = 64 << 10;

/// Of so many clusters one at each end may be decoded twice.
const FEW: u64 = 8;

/// Whether a readahead of `range` is one of many, or somebody reads here and there.
pub(crate) fn is_sequential(range: &Range<u64>, file: Option<&File>) -> bool {
    let long = range.end.saturating_sub(range.start) >= SEQUENTIAL;
    long && !file.is_some_and(File::is_random)
}

/// Of the clusters of a mount that were decoded in part, how many somebody came back to.
pub(crate) struct Returns(Atomic<i32>);

impl Returns {
    /// Nobody has read yet.
    pub(crate) fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// One return makes up for so many that come first.
    const ENOUGH: i32 = 2;

    /// As much as four returns in a row: older ones are forgotten.
    const SURE: i32 = 4 * Self::ENOUGH;

    /// Something of a cluster is wanted that was decoded in part.
    fn again(&self) {
        self.count(Self::ENOUGH);
    }

    /// Something of a cluster is wanted for the first time. Whether more will be, by what became of
    /// others.
    fn first(&self) -> bool {
        self.count(-1) > 0
    }

    /// Threads that count at once may lose a count.
    fn count(&self, change: i32) -> i32 {
        let now = self.0.load(Relaxed).saturating_add(change);
        let now = now.clamp(-Self::ENOUGH, Self::SURE);
        self.0.store(now, Relaxed);
        now
    }
}

/// What a readahead of `range` should be of so that clusters are not decoded twice.
pub(crate) fn whole_clusters(
    source: &Source<'_>,
    range: Range<u64>,
    sequential: bool,
) -> Option<Range<u64>> {
    let mount = source.mount();
    let file = source.file().ok()?;
    let metadata = mount.metadata();
    let mut finder = Finder::new(&metadata, &mount.disk, &file);
    let size = source.disk().size();
    let len = range.end.saturating_sub(range.start);
    let grows = |cluster: &Cluster| match sequential {
        _ if !matches!(cluster.source, From::Encoded(_)) => false,
        // Windows that are what mm makes them have large folios, which is worth more.
        true => cluster.len > len / FEW,
        false => cluster.len <= SMALL,
    };
    let first = finder.find(range.start, Reach::Whole).ok()?;
    let first_grows = grows(&first);
    // What is before it is decoded anyway. Not pages that other clusters have a part of.
    let start = match first_grows {
        true => first.offset.next_multiple_of(PAGE).min(range.start),
        false => range.start,
    };
    let last_byte = range.end.min(size).checked_sub(1)?;
    let (last, last_grows) = if last_byte < first.end() {
        (first, first_grows)
    } else {
        let last = finder.find(last_byte, Reach::Whole).ok()?;
        (last, grows(&last))
    };
    let whole = match last_grows {
        // Of the next cluster the start is wanted then, which is less than the end of this one.
        true if sequential || last.end() >= size => last.end().next_multiple_of(PAGE),
        true => last.end() - last.end() % PAGE,
        false => range.end,
    };
    // A window at the start of a file is mostly the first of many.
    let grows = || sequential || range.start == 0 || is_wanted(source, &last);
    let end = match whole > range.end && grows() {
        true => whole,
        false => range.end,
    };
    Some(start..end)
}

/// Whether more of `cluster` is wanted than who reads here and there asks for now.
fn is_wanted(source: &Source<'_>, cluster: &Cluster) -> bool {
    let From::Encoded(encoded) = cluster.source else {
        return false;
    };
    let Place::Device { device, pos } = encoded.place else {
        return true;
    };
    let Some(kept) = Kept::of(source, device, pos, encoded.len) else {
        // Who comes back would have to read it again.
        return true;
    };
    let returns = &source.mount().returns;
    if kept.is_there() {
        returns.again();
        return true;
    }
    returns.first()
}
