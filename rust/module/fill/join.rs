// SPDX-License-Identifier: GPL-2.0

//! Two windows that adjoin may each want a part of one cluster. The second gives its part to the
//! first one's job while nobody has taken that: one read and one decode fill both.

use crate::{
    fill::{
        cluster::{
            Coding,
            Work,
            SHORT, //
        },
        decode::{
            self,
            Decoding, //
        },
        window::Of, //
    },
    stats::Count,
    vfs::folios::{
        Folios,
        Share, //
    }, //
};
use cofs_core::compressed::Cluster;
use core::ops::Range;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

const PAGE: u64 = PAGE_SIZE as u64;

/// What another window wants of a cluster.
pub(crate) struct Joined {
    folios: Folios,
    share: Share,
    /// Where the extent ends, and whether the cluster decodes to that and no more.
    end: u64,
    exact: bool,
}

impl Joined {
    /// The bytes `wanted` of `cluster`, in `folios`, which may have no share of them.
    pub(crate) fn new(
        folios: &Folios,
        cluster: &Cluster,
        wanted: Range<u64>,
    ) -> Result<KBox<Self>> {
        let room = KBox::<Self>::new_uninit(GFP_KERNEL)?;
        let (folios, share) = folios.part(wanted)?;
        let joined = Self {
            folios,
            share,
            end: cluster.end(),
            exact: cluster.exact(),
        };
        Ok(KBox::write(room, joined))
    }

    /// What part of the file its folios are.
    pub(crate) fn reach(&self) -> Range<u64> {
        self.folios.range()
    }

    /// Gives back what it has of the folios, filled or not.
    pub(crate) fn end(this: KBox<Self>, result: Result) {
        let Self { folios, share, .. } = KBox::into_inner(this);
        folios.end(share, result);
    }
}

/// On which side of a window another one adjoins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    Behind,
}

/// Those that have joined a cluster: one window on each side.
#[derive(Default)]
pub(crate) struct Joiners([Option<KBox<Joined>>; 2]);

impl Joiners {
    /// The place on one side.
    pub(crate) fn at(&mut self, side: Side) -> &mut Option<KBox<Joined>> {
        let [before, behind] = &mut self.0;
        match side {
            Side::Before => before,
            Side::Behind => behind,
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.each().next().is_none()
    }

    fn each(&self) -> impl Iterator<Item = &Joined> {
        self.0.iter().flatten().map(|joined| &**joined)
    }

    /// Ends what they have of their folios.
    pub(crate) fn end(self, result: Result) {
        for joined in self.0.into_iter().flatten() {
            Joined::end(joined, result);
        }
    }
}

/// Whether a job for the bytes `own` of a cluster can decode up to `end` too: what is before `own`
/// needs pages where it is not copied.
pub(crate) fn can_extend(own: &Range<u64>, cluster: &Cluster, end: u64) -> bool {
    let len = |end: u64| end.saturating_sub(cluster.offset);
    len(end.max(own.end)) <= SHORT as u64
        || len(own.end) > SHORT as u64
        || cluster.offset / PAGE >= own.start / PAGE
}

/// Decodes a cluster to what a window has of its extent, and to what others have.
pub(super) fn place(of: &Of<'_>, work: &Work, joiners: &Joiners) -> cofs_core::Result<()> {
    let mount = of.mount;
    let offset = work.coding.offset;
    let mut all = work.wanted();
    let mut exact = false;
    for joined in joiners.each() {
        let range = joined.share.range();
        all = all.start.min(range.start)..all.end.max(range.end);
        exact |= joined.exact && all.end >= joined.end;
    }
    let decoding = Decoding {
        mount,
        coding: Coding {
            exact: exact || work.coding.exact,
            ..work.coding
        },
    };
    let len = all.end.saturating_sub(offset) as usize;
    // Bytes before them in their first page may be another's, in a broken image.
    let copies = len <= SHORT || offset < all.start && all.start % PAGE != 0;
    if copies {
        return decode::with_memory(of, work, len, |source, memory| {
            mount.counts.add(Count::ToCopy);
            let target = memory.ok_or(cofs_core::Error::Range)?;
            decoding.run_apart(source, target, of.folios, &work.share)?;
            for joined in joiners.each() {
                decoding.copy_in(target, &joined.folios, &joined.share);
            }
            Ok(())
        });
    }
    let page = |pos| {
        let own = of.folios.page(&work.share, pos);
        own.or_else(|| {
            joiners
                .each()
                .find_map(|joined| joined.folios.page(&joined.share, pos))
        })
    };
    decode::with_memory(of, work, 0, |source, _| {
        mount.counts.add(Count::ToMapping);
        let holes = work.holes.as_deref();
        decode::map(mount, offset..all.end, all.start, holes, page, |target| {
            decoding.run(source, target)
        })
    })
}
