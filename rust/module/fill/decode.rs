// SPDX-License-Identifier: GPL-2.0

//! From what lies on the image to bytes in folios. Plain data of plain files needs no step here:
//! the device writes it into the folio itself.
//!
//! A cluster is decoded from one piece of memory to one:
//!
//! - from where it was read if that is in one piece, else from a copy;
//! - to the folios where they lie in one piece; else, if it is short, to memory from which it is
//!   copied; else to a mapping of the folios' pages, with temporary pages for what the window has
//!   not.
//!
//! Bytes that were read to where they are decoded to are copied first, but of LZ4 data only the end
//! that would be overwritten before it is read.

use crate::{
    fill::{
        cluster::{
            Coding,
            Input,
            Work,
            SHORT, //
        },
        join::{
            self,
            Joiners, //
        },
        source::Source,
        window::Of, //
    },
    mount::Mount,
    stats::{
        By,
        Count, //
    },
    sys::{
        span::{
            self,
            Target, //
        },
        temporary::Temporary,
        virtual_range::{
            PageRef,
            VirtualRange, //
        }, //
    },
    vfs::{
        folio::Filling,
        folios::{
            Folios,
            Share, //
        }, //
    }, //
};
use cofs_core::{
    compressed::{
        decode,
        Algorithm,
        Cluster,
        Encoded, //
    },
    pages, //
};
use core::ops::Range;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

const PAGE: u64 = PAGE_SIZE as u64;

/// Copies `len` bytes at `pos` of the metadata to offset `at` of the folio.
pub(crate) fn tail(
    source: &Source<'_>,
    filling: &mut Filling,
    mut at: usize,
    mut pos: u64,
    len: u64,
) -> Result {
    let mount = source.mount();
    let mut left = len as usize;
    while left > 0 {
        let (page, from) = pages::locate(&mount.metadata(), pos)
            .map_err(|e| mount.failed(source.disk().nid(), e))?;
        let bytes = page.get(from..).unwrap_or_default();
        let bytes = bytes.get(..left.min(bytes.len())).unwrap_or_default();
        filling.copy_from(at, bytes);
        at = at.saturating_add(bytes.len());
        pos = pos.saturating_add(bytes.len() as u64);
        left = left.saturating_sub(bytes.len());
    }
    Ok(())
}

/// Copies what `share` wants from byte `pos` of the packed inode on. Behind its end are zeros.
pub(crate) fn fragment(
    mount: &Mount,
    folios: &Folios,
    share: &Share,
    pos: u64,
) -> cofs_core::Result<()> {
    let damaged = cofs_core::Error::Corrupt("fragment without a packed inode");
    let size = mount.packed().ok_or(damaged)?.size();
    let metadata = mount.metadata();
    let wanted = share.range();
    mount.prepare_packed(pos, wanted.end.saturating_sub(wanted.start));
    let mut at = wanted.start;
    while at < wanted.end {
        let from = pos.saturating_add(at.saturating_sub(wanted.start));
        let left = wanted.end.saturating_sub(at);
        let Some(there) = size.checked_sub(from).filter(|&there| there != 0) else {
            folios.each(share, at..wanted.end, |target| target.zero());
            break;
        };
        let (page, skip) = pages::locate(&metadata, from | pages::PACKED)?;
        let bytes = page.get(skip..).unwrap_or_default();
        let len = left.min(there).min(bytes.len() as u64);
        let bytes = bytes.get(..len as usize).unwrap_or_default();
        folios.copy_in(share, at, span::Source::of(bytes));
        at = at.saturating_add(len.max(1));
    }
    Ok(())
}

/// Decodes a cluster whose bytes lie in the metadata, at `pos`, to what `share` has of its extent.
pub(crate) fn inline(
    mount: &Mount,
    folios: &Folios,
    share: &Share,
    cluster: &Cluster,
    encoded: &Encoded,
    pos: u64,
) -> cofs_core::Result<()> {
    let (page, from) = pages::locate(&mount.metadata(), pos)?;
    let bytes = page.get(from..).unwrap_or_default();
    let bytes = bytes.get(..encoded.len as usize);
    let source = span::Source::of(bytes.ok_or(SHORT_CLUSTER)?);
    let wanted = share.range();
    let len = wanted.end.saturating_sub(cluster.offset) as usize;
    let decoding = Decoding {
        mount,
        coding: Coding::new(&mount.disk, cluster, encoded, &wanted),
    };
    let scratch = mount.decoders.scratch(len).map_err(crate::error::to_core)?;
    decoding.run_apart(source, scratch.as_target(), folios, share)?;
    mount.counts.add(Count::ByReader);
    Ok(())
}

const SHORT_CLUSTER: cofs_core::Error = cofs_core::Error::Corrupt("cluster is shorter than it is");
const UNDECODABLE: cofs_core::Error = cofs_core::Error::Corrupt("compressed data is damaged");

/// Decodes a cluster that was read with this `result`, and ends its share, and those of `joiners`.
pub(crate) fn cluster(of: &Of<'_>, work: Work, joiners: Joiners, result: Result, by: By) -> Result {
    let mount = of.mount;
    mount.counts.add(match by {
        By::Reader | By::Drain => Count::ByReader,
        By::Worker => Count::ByWorker,
    });
    let alone = joiners.is_empty();
    if work.coding.partial && alone {
        mount.counts.add(Count::Private);
    }
    let result = match result {
        Ok(()) if alone => place(of, &work),
        Ok(()) => join::place(of, &work, &joiners),
        Err(_) => Ok(()),
    }
    .map_err(|e| mount.failed(of.nid, e))
    .and(result.inspect_err(|e| {
        // Who needs what nobody came for reads it again.
        if by == By::Reader {
            let wanted = work.wanted();
            let len = wanted.end.saturating_sub(wanted.start);
            mount.lost_now(of.nid, wanted.start, len, *e);
        }
    }));
    joiners.end(result);
    of.folios.end(work.share, result);
    result
}

/// Where a cluster is decoded to.
enum Output<'a> {
    /// The folios themselves.
    Folios(Target<'a>),
    /// Memory from which it is copied.
    Copy,
    /// The folios' pages, and others.
    Mapping,
}

/// Chooses from where and to where a cluster is decoded, and has it done.
fn place(of: &Of<'_>, work: &Work) -> cofs_core::Result<()> {
    let (mount, folios, share) = (of.mount, of.folios, &work.share);
    let coding = &work.coding;
    let decoding = Decoding {
        mount,
        coding: work.coding,
    };
    if let Some((read, target)) = in_place(of, work) {
        mount.counts.add(Count::ReadInPlace);
        mount.counts.add(Count::DecodedInPlace);
        mount.counts.add(to_pieces(of, work));
        return decoding.run(read.as_source(), target);
    }
    let len = work.decoded();
    if matches!(work.input, Input::Final(_)) {
        mount.counts.add(Count::Final);
        return Ok(());
    }
    let whole = coding.offset >= share.range().start;
    let direct = if whole {
        folios.contiguous(share, work.range())
    } else {
        None
    };
    let output = match direct {
        Some(target) => Output::Folios(target),
        None if len <= SHORT || coding.algorithm.is_plain() => Output::Copy,
        // Only in a broken image: what is before the share in its first page is another's.
        None if !whole && share.range().start % PAGE != 0 => Output::Copy,
        None => Output::Mapping,
    };
    let out = match output {
        Output::Copy => len,
        _ => 0,
    };
    with_memory(of, work, out, |source, memory| match output {
        Output::Folios(target) => {
            mount.counts.add(to_pieces(of, work));
            decoding.run(source, target)
        }
        Output::Copy => {
            mount.counts.add(Count::ToCopy);
            let target = memory.ok_or(cofs_core::Error::Range)?;
            decoding.run_apart(source, target, folios, share)
        }
        Output::Mapping => {
            mount.counts.add(Count::ToMapping);
            let wanted = share.range().start;
            let page = |pos| folios.page(share, pos);
            let holes = work.holes.as_deref();
            map(mount, work.range(), wanted, holes, page, |target| {
                decoding.run(source, target)
            })
        }
    })
}

/// Has `run` decode a cluster, from where it was read to or from a copy, with memory of `out` bytes. If
/// that is 0 it decodes to where the cluster may have been read to.
pub(super) fn with_memory(
    of: &Of<'_>,
    work: &Work,
    out: usize,
    run: impl FnOnce(span::Source<'_>, Option<Target<'_>>) -> cofs_core::Result<()>,
) -> cofs_core::Result<()> {
    let to_core = crate::error::to_core;
    let kept = of.kept.and_then(|kept| kept.only());
    let kept = kept.transpose().map_err(to_core)?;
    let in_way = out == 0 && matches!(work.input, Input::InPlace(_));
    let read = match &kept {
        Some(page) => Some(span::Source::of(page)),
        None => read_to(of, work).filter(|_| !in_way),
    };
    let copied = match read {
        Some(_) => 0,
        None => work.coding.len as usize,
    };
    let scratch = match copied.saturating_add(out) {
        0 => None,
        need => Some(of.mount.decoders.scratch(need).map_err(to_core)?),
    };
    let memory = |range| scratch.as_ref().and_then(|all| all.as_target().get(range));
    let source = match read {
        Some(read) => read,
        None => {
            let to = memory(0..copied).ok_or(cofs_core::Error::Range)?;
            copy_input(of, work, to)?;
            to.as_source()
        }
    };
    run(source, memory(copied..copied.saturating_add(out)))
}

/// What the bytes of a cluster were read to, where that is in one piece.
fn read_to<'a>(of: &Of<'a>, work: &'a Work) -> Option<span::Source<'a>> {
    let size = work.coding.len as usize;
    let read = match &work.input {
        Input::Final(_) | Input::Kept => None,
        Input::InPlace(at) => {
            of.mount.counts.add(Count::ReadInPlace);
            let start = at.saturating_add(work.skip() as u64);
            let range = start..start.saturating_add(size as u64);
            of.folios.contiguous(&work.share, range)
        }
        Input::Temporary(pages) => {
            of.mount.counts.add(Count::ReadTemporary);
            let end = work.skip().saturating_add(size);
            pages
                .contiguous(end)
                .and_then(|all| all.get(work.skip()..end))
        }
    };
    read.map(|read| read.as_source())
}

/// What a cluster was read to, and what it is decoded to, if both are one piece of memory and the
/// decoder can do that.
fn in_place<'a>(of: &Of<'a>, work: &'a Work) -> Option<(Target<'a>, Target<'a>)> {
    let share = work.share.range();
    let offset = work.coding.offset;
    if work.coding.algorithm != Algorithm::Lz4 || offset < share.start {
        return None;
    }
    let end = work.data_end()?;
    let start = end.checked_sub(work.coding.len as usize)?;
    let all = of.folios.contiguous(&work.share, offset..share.end)?;
    Some((all.get(start..end)?, all.get(0..work.decoded())?))
}

/// What decoding to the one piece that the folios are, or are mapped in, counts as.
fn to_pieces(of: &Of<'_>, work: &Work) -> Count {
    match of.folios.adjoins(&work.share, &work.range()) {
        true => Count::ToFolios,
        false => Count::ToMapping,
    }
}

/// Copies the bytes of a cluster from where they were read to.
fn copy_input(of: &Of<'_>, work: &Work, to: Target<'_>) -> cofs_core::Result<()> {
    match &work.input {
        Input::InPlace(at) => {
            let start = at.saturating_add(work.skip() as u64);
            let end = start.saturating_add(u64::from(work.coding.len));
            of.folios.copy_out(&work.share, start..end, to);
        }
        Input::Temporary(pages) => {
            // Of the first piece what precedes the cluster is left out.
            let mut skip = work.skip();
            let mut done = 0;
            pages.each(work.read as usize, |part| {
                let from = skip.min(part.len());
                skip -= from;
                if let (Some(part), Some(to)) = (part.get(from..part.len()), to.get(done..to.len()))
                {
                    done += to.copy_from(part.as_source());
                }
            });
        }
        Input::Kept => {
            let kept = of.kept.ok_or(cofs_core::Error::Range)?;
            kept.copy_out(to).map_err(crate::error::to_core)?;
        }
        Input::Final(_) => {}
    }
    Ok(())
}

/// Maps the pages of `range` of the file in one piece, and has `run` write to it. Those up to `wanted`
/// are of `holes`, in turns if these are fewer; the others are what `page` says.
pub(super) fn map<'a>(
    mount: &Mount,
    range: Range<u64>,
    wanted: u64,
    holes: Option<&'a Temporary>,
    page: impl Fn(u64) -> Option<PageRef<'a>>,
    run: impl FnOnce(Target<'_>) -> cofs_core::Result<()>,
) -> cofs_core::Result<()> {
    let to_core = crate::error::to_core;
    let first = range.start - range.start % PAGE;
    let count = range.end.saturating_sub(first).div_ceil(PAGE) as usize;
    let unwanted = (wanted.saturating_sub(first) / PAGE) as usize;
    let pages = holes.map_or(0, Temporary::pages);
    if pages < unwanted {
        mount.counts.add(Count::Rolling);
    }
    let mut all = KVVec::with_capacity(count, GFP_KERNEL).map_err(|_| to_core(ENOMEM))?;
    for index in 0..count {
        let page = match holes {
            Some(holes) if index < unwanted => holes.page(index % pages.max(1)),
            _ => page(first.saturating_add((index as u64).saturating_mul(PAGE))),
        };
        let page = page.ok_or(cofs_core::Error::Range)?;
        all.push(page, GFP_KERNEL).map_err(|_| to_core(ENOMEM))?;
    }
    let mapping = VirtualRange::map(&all).map_err(to_core)?;
    let start = (range.start - first) as usize;
    let len = range.end.saturating_sub(range.start) as usize;
    let target = mapping.as_target().get(start..start.saturating_add(len));
    run(target.ok_or(cofs_core::Error::Range)?)
}

/// A cluster, as decoders see it.
pub(super) struct Decoding<'a> {
    pub(super) mount: &'a Mount,
    pub(super) coding: Coding,
}

impl Decoding<'_> {
    /// The data in the bytes of the cluster, behind the padding.
    fn data<'a>(&self, bytes: span::Source<'a>) -> cofs_core::Result<span::Source<'a>> {
        let first = self.coding.first as usize;
        let zeros = bytes.zeros(first);
        if zeros >= first {
            return Err(UNDECODABLE);
        }
        bytes.get(zeros..bytes.len()).ok_or(UNDECODABLE)
    }

    /// Decodes `bytes` to `target`, and copies from there what `share` has of it.
    pub(super) fn run_apart(
        &self,
        bytes: span::Source<'_>,
        target: Target<'_>,
        folios: &Folios,
        share: &Share,
    ) -> cofs_core::Result<()> {
        self.run(bytes, target)?;
        self.copy_in(target, folios, share);
        Ok(())
    }

    /// Copies what `share` has of what was decoded to `target`.
    pub(super) fn copy_in(&self, target: Target<'_>, folios: &Folios, share: &Share) {
        let start = share.range().start;
        let skip = start.saturating_sub(self.coding.offset) as usize;
        if let Some(bytes) = target.as_source().get(skip..target.len()) {
            folios.copy_in(share, start, bytes);
        }
    }

    /// Decodes `bytes`, all that the cluster has, to the first `target.len()` of the extent.
    pub(super) fn run(&self, bytes: span::Source<'_>, target: Target<'_>) -> cofs_core::Result<()> {
        let coding = &self.coding;
        if !coding.algorithm.is_plain() {
            let data = self.data(bytes)?;
            let moved = self
                .mount
                .decoders
                .decode(coding.algorithm, data, target, coding.exact)
                .map_err(|e| match e {
                    e if e == EIO => UNDECODABLE,
                    e => crate::error::to_core(e),
                })?;
            if moved {
                self.mount.counts.add(Count::Moved);
            }
            return Ok(());
        }
        let parts = decode::plain(
            coding.algorithm,
            coding.offset,
            coding.len.into(),
            target.len() as u64,
            self.mount.disk.block_size(),
        );
        for part in parts {
            let from = bytes.get(part.from.start as usize..part.from.end as usize);
            let to = target.get(part.to as usize..target.len());
            match (from, to) {
                (Some(from), Some(to)) => {
                    to.copy_from(from);
                }
                _ => return Err(SHORT_CLUSTER),
            }
        }
        Ok(())
    }
}
