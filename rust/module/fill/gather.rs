// SPDX-License-Identifier: GPL-2.0

//! From the folios of a window to clusters under way: what lies in the metadata or in the packed
//! inode is there at once, all else when its bios have ended.

use crate::{
    fill::{
        cluster::{
            Input,
            Plan, //
        },
        decode,
        join::{
            Joiners,
            Side, //
        },
        keep::Kept,
        source::Source,
        window::{
            self,
            Job,
            Parts,
            Pending,
            Wanted,
            Window, //
        }, //
    },
    stats::{
        By,
        Count, //
    },
    sys::{
        bio::Purpose,
        claim::Claim,
        cluster_read::Reads,
        temporary::Patience, //
    },
    vfs::folios::Folios, //
};
use cofs_core::{
    compressed::{
        self,
        Algorithm,
        Cluster,
        Encoded,
        Finder,
        Reach, //
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

struct Gather<'a> {
    source: &'a Source<'a>,
    key: usize,
    /// Whether clusters are to stay in memory as they are: somebody reads here and there.
    keeps: bool,
    /// Whether somebody else may decode for it: who waits for a folio decodes by itself.
    joins: bool,
    folios: Folios,
    jobs: KVVec<Job>,
    reads: Reads,
    /// How many bytes are decoded to folios that lie in several pieces.
    scattered: usize,
    patience: Patience,
    /// Why something could not be found, if so.
    found: Result,
}

/// What has become of folios.
pub(crate) struct Started {
    /// What is under way, if anything is.
    pub(crate) window: Option<Arc<Window>>,
    /// Whether all was found that they are decoded from: erofs tells who waits for a folio what
    /// is wrong with it.
    pub(crate) found: Result,
}

/// Maps `folios` of the pages that `key` stands for, and starts to read what they are decoded from.
/// What cannot be mapped or read fails its folios.
pub(crate) fn start(
    source: &Source<'_>,
    key: usize,
    purpose: Purpose,
    folios: Folios,
    keeps: bool,
) -> Result<Started> {
    let mount = source.mount();
    let pending = Pending::new()?;
    let range = folios.range();
    let mut gather = Gather {
        source,
        key,
        keeps,
        joins: purpose == Purpose::Readahead,
        folios,
        jobs: KVVec::new(),
        reads: Reads::new(purpose, mount.flights.clone()),
        scattered: 0,
        found: Ok(()),
        // Who reads a fragment for another file may have memory that is waited for.
        patience: match source.is_special() {
            true => Patience::Over,
            false => Patience::Waits,
        },
    };
    let (reached, result) = gather.run(&range);
    if result.is_err() {
        // What follows has no share yet.
        if let Ok(rest) = gather.folios.share(reached..range.end) {
            gather.folios.end(rest, result);
        }
    }
    if gather.scattered > COPIED {
        gather.folios.map();
    }
    gather.folios.release(Ok(()));
    let parts = Parts {
        mount: source.mount_arc(),
        nid: source.disk().nid(),
        folios: gather.folios,
        jobs: gather.jobs,
        reads: gather.reads.finish(),
    };
    Ok(Started {
        window: pending.launch(&mount.windows, key, parts),
        found: result.and(gather.found),
    })
}

const PAGE: u64 = PAGE_SIZE as u64;

/// As many bytes of a window are copied where they belong rather than that it is mapped.
const COPIED: usize = 64 << 10;

impl Gather<'_> {
    /// How far it came, and why not further.
    fn run(&mut self, range: &Range<u64>) -> (u64, Result) {
        let mount = self.source.mount();
        let nid = self.source.disk().nid();
        let mut pos = range.start;
        let file = match self.source.file() {
            Ok(file) => file,
            Err(e) => return (pos, Err(mount.failed(nid, e))),
        };
        let metadata = mount.metadata();
        let mut finder = Finder::new(&metadata, &mount.disk, &file);
        // Behind the end of the file folios have zeros.
        let end = range.end.min(self.source.disk().size());
        while pos < end {
            let cluster = match finder.find(pos, Reach::Whole) {
                Ok(cluster) => cluster,
                Err(e) => return (pos, Err(mount.failed(nid, e))),
            };
            let wanted = pos..cluster.end().min(end);
            pos = wanted.end;
            let start = wanted.start;
            if let Err(e) = self.add(cluster, wanted) {
                return (start, Err(e));
            }
        }
        (pos, Ok(()))
    }

    /// Does what is to be done for the bytes `wanted` of a cluster, or prepares it. On an error
    /// they have no share.
    fn add(&mut self, cluster: Cluster, wanted: Range<u64>) -> Result {
        match cluster.source {
            compressed::Source::Hole => {
                let share = self.folios.share(wanted.clone())?;
                self.folios.each(&share, wanted, |target| target.zero());
                self.folios.end(share, Ok(()));
                Ok(())
            }
            compressed::Source::Fragment { pos } => {
                let share = self.folios.share(wanted.clone())?;
                let skip = wanted.start.saturating_sub(cluster.offset);
                let from = pos.saturating_add(skip);
                let mount = self.source.mount();
                let result = decode::fragment(mount, &self.folios, &share, from)
                    .map_err(|e| mount.failed(self.source.disk().nid(), e));
                self.found = self.found.and(result);
                self.folios.end(share, result);
                Ok(())
            }
            compressed::Source::Encoded(encoded) => match encoded.place {
                Place::Device { device, pos } => self.read(cluster, encoded, device, pos, wanted),
                Place::Meta { pos } => {
                    let share = self.folios.share(wanted.clone())?;
                    let mount = self.source.mount();
                    let result =
                        decode::inline(mount, &self.folios, &share, &cluster, &encoded, pos)
                            .map_err(|e| mount.failed(self.source.disk().nid(), e));
                    self.folios.end(share, result);
                    Ok(())
                }
                Place::Hole => Err(EIO),
            },
        }
    }

    /// Starts to read a cluster from the device.
    fn read(
        &mut self,
        cluster: Cluster,
        encoded: Encoded,
        device: u16,
        pos: u64,
        wanted: Range<u64>,
    ) -> Result {
        let mount = self.source.mount();
        if self.join(&cluster, &encoded, &wanted) {
            mount.counts.add(Count::Joined);
            return Ok(());
        }
        // With what the clusters behind it will want.
        let mut left = self.folios.range().end.saturating_sub(wanted.start);
        self.jobs
            .reserve(self.expected(&cluster, left), GFP_KERNEL)?;
        let kept = match self.keeps {
            true => Kept::of(self.source, device, pos, encoded.len),
            false => None,
        };
        let plan = Plan {
            cluster,
            encoded: match kept {
                Some(_) => encoded,
                None => first_of(&mount.disk, &cluster, encoded, wanted.end),
            },
            pos,
            wanted: wanted.clone(),
            kept,
            size: self.source.disk().size(),
        };
        let sb = &mount.disk;
        let work = match plan.work(sb, &mut self.folios, &mount.temporary, Patience::None) {
            Err(e) if e == EBUSY => {
                self.drain();
                mount.windows.relieve(mount);
                plan.work(sb, &mut self.folios, &mount.temporary, self.patience)
            }
            other => other,
        }?;
        self.scattered = self.scattered.saturating_add(work.scattered(&self.folios));
        let kept = plan.kept.filter(|_| matches!(work.input, Input::Kept));
        if let Some(kept) = kept {
            kept.start();
            mount.counts.add(Count::ReadKept);
        }
        let mut at = work.first_sector(pos);
        let mut reads: Option<Range<u32>> = None;
        let mut result = Ok(());
        work.each(&self.folios, |target| {
            let mut done = 0;
            while result.is_ok() && done < target.len() {
                let rest = (target.len() - done) as u64;
                let added = mount
                    .find(device, at, rest)
                    .map_err(|e| mount.failed(self.source.disk().nid(), e))
                    .and_then(|from| {
                        let len = from.len.min(rest);
                        let part = target.get(done..done + len as usize).ok_or(EINVAL)?;
                        Ok((self.reads.add(&part, from, left)? as u32, len))
                    });
                match added {
                    Ok((number, len)) => {
                        let first = reads.as_ref().map_or(number, |known| known.start);
                        reads = Some(first..number + 1);
                        done += len as usize;
                        at += len;
                        left = left.saturating_sub(len);
                    }
                    Err(e) => result = Err(e),
                }
            }
        });
        let job = Job {
            range: wanted,
            extent: cluster.offset,
            len: plan.encoded.len,
            reads: reads.unwrap_or(0..0),
            kept,
            started: result,
            work: Claim::new(work),
        };
        // There is room.
        self.jobs.push(job, GFP_KERNEL)?;
        Ok(())
    }

    /// How many jobs there is to be room for, with that of `cluster`: for the first, as many as there are
    /// in `left` bytes of the file if the others decode to half as much.
    fn expected(&self, cluster: &Cluster, left: u64) -> usize {
        if !self.jobs.is_empty() {
            return 1;
        }
        let each = (cluster.len / 2).max(2 * PAGE);
        left.checked_div(each).unwrap_or(0) as usize + 2
    }

    /// Leaves what is wanted of a cluster to a window that has a part of it too, if one can.
    fn join(&self, cluster: &Cluster, encoded: &Encoded, wanted: &Range<u64>) -> bool {
        if !self.joins || encoded.algorithm.is_plain() {
            return false;
        }
        let all = self.folios.range();
        let side = if wanted.start == all.start && wanted.start > cluster.offset {
            Side::Behind
        } else if wanted.end == all.end && wanted.end < cluster.end() {
            Side::Before
        } else {
            return false;
        };
        let mount = self.source.mount();
        let wanted = Wanted {
            mount,
            nid: self.source.disk().nid(),
            key: self.key,
            cluster,
            len: encoded.len,
            range: wanted.clone(),
        };
        mount.windows.join(side, &wanted, &self.folios)
    }

    /// Decodes what was read so far, for the memory that it takes.
    fn drain(&mut self) {
        self.reads.submit();
        let of = window::Of {
            mount: self.source.mount(),
            nid: self.source.disk().nid(),
            folios: &self.folios,
            kept: None,
        };
        for job in &self.jobs {
            // Without a signal's help this ends.
            let reads = self.reads.get(job.reads());
            let _ = window::finish(&of, job, reads, By::Drain, Joiners::default);
        }
    }
}

/// What is needed of a cluster to decode what comes from it up to byte `end` of the file. Of LZ4 data
/// that is not all: nothing takes much more room than what it decodes to, but for the length of a
/// match, which has a byte for each 255 that it is longer.
fn first_of(sb: &SuperBlock, cluster: &Cluster, encoded: Encoded, end: u64) -> Encoded {
    if encoded.algorithm != Algorithm::Lz4 || encoded.shared || end >= cluster.end() {
        return encoded;
    }
    let wanted = end.saturating_sub(cluster.offset);
    let lengths = (wanted / 255).saturating_add(cluster.len / 255);
    let enough = wanted
        .saturating_add(lengths)
        .saturating_add(sb.block_size())
        .saturating_add(LZ4_ENDS);
    Encoded {
        len: encoded.len.min(enough),
        ..encoded
    }
}

/// So many bytes before the end of its input a decoder of LZ4 may become careful, and more.
const LZ4_ENDS: u64 = 64;
