// SPDX-License-Identifier: GPL-2.0

//! `/sys/fs/cofs/`: what sharing and the mounts do, in numbers. Reading what concerns all content
//! walks the registry.

use crate::{
    mount::Mount,
    share::{
        Registry,
        Shown, //
    },
    sys::{
        codecs::Decoders,
        parameters,
        sysfs::{
            Attributes,
            File, //
        }, //
    }, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

/// The files of `/sys/fs/cofs/`.
pub(crate) struct Sharing {
    registry: Arc<Registry>,
    decoders: Arc<Decoders>,
}

impl Sharing {
    /// The numbers of `registry` and `decoders`.
    pub(crate) fn new(registry: Arc<Registry>, decoders: Arc<Decoders>) -> Self {
        Self { registry, decoders }
    }

    fn sum(&self, mut of: impl FnMut(u64, u64) -> u64) -> u64 {
        let mut sum = 0_u64;
        self.registry.for_each(|content, mapping| {
            let add = of(content.sharers(), mapping.pages());
            sum = sum.saturating_add(add);
        });
        sum
    }
}

impl Attributes for Sharing {
    const FILES: &'static [File<Self>] = &[
        // Content inodes, with or without images.
        File::new(c"shared_inodes", |s, text| text.line(s.sum(|_, _| 1))),
        // Inodes of images that are bound to one.
        File::new(c"sharers", |s, text| text.line(s.sum(|sharers, _| sharers))),
        // Pages that at least two images have in common.
        File::new(c"shared_pages", |s, text| {
            text.line(s.sum(|sharers, pages| if sharers > 1 { pages } else { 0 }))
        }),
        // At most: an image that never read a page would not have had it.
        File::new(c"saved_bytes", |s, text| {
            let pages = s.sum(|sharers, pages| pages.saturating_mul(sharers.saturating_sub(1)));
            text.line(pages.saturating_mul(PAGE_SIZE as u64))
        }),
        File::new(c"adoptions", |s, text| {
            text.line(s.registry.counts.get(Count::Adopted as usize))
        }),
        File::new(c"failovers", |s, text| {
            text.line(s.registry.counts.get(Count::Failover as usize))
        }),
        // By share=verify: published, not what they claim to be, and folios that were other bytes.
        File::new(c"verified", |s, text| {
            text.line(s.registry.counts.get(Count::Verified as usize))
        }),
        File::new(c"refused", |s, text| {
            text.line(s.registry.counts.get(Count::Refused as usize))
        }),
        File::new(c"mismatches", |s, text| {
            text.line(s.registry.counts.get(Count::Mismatch as usize))
        }),
        // Pages of content that no image holds.
        File::new(c"lingering_pages", |s, text| {
            text.line(s.sum(|sharers, pages| if sharers == 0 { pages } else { 0 }))
        }),
        File::new(c"scratch_bytes", |s, text| {
            text.line(s.decoders.scratch_usage().now)
        }),
        File::new(c"scratch_bytes_peak", |s, text| {
            text.line(s.decoders.scratch_usage().peak)
        }),
        File::new(c"context_bytes", |s, text| {
            text.line(s.decoders.context_usage().now)
        }),
        File::new(c"context_bytes_peak", |s, text| {
            text.line(s.decoders.context_usage().peak)
        }),
        File::writable(
            c"linger_mb",
            |_, text| text.line(parameters::linger_mb()),
            |s, bytes| {
                let text = core::str::from_utf8(bytes).map_err(|_| EINVAL)?;
                let mb = text.trim().parse().map_err(|_| EINVAL)?;
                if mb < -1 {
                    return Err(EINVAL);
                }
                parameters::set_linger_mb(mb);
                s.registry.trim();
                Ok(())
            },
        ),
        File::command(c"drop_content", |s, bytes| match bytes {
            b"1" => {
                s.registry.drop_content();
                Ok(())
            }
            _ => Err(EINVAL),
        }),
        File::command(c"drop_domain", |s, domain| {
            s.registry.drop_domain(domain);
            Ok(())
        }),
    ];
}

/// Who decodes a cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// A thread that needs it.
    Reader,
    /// A thread that makes memory free for what it reads ahead.
    Drain,
    /// A worker, for want of a reader.
    Worker,
}

/// What is counted of one mount, or of all content.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    /// An inode was bound to content that was there before it.
    Adopted,
    /// Inodes that are bound to content.
    Bound,
    /// The device failed, or the image contradicts itself.
    Error,
    /// The image filled a folio that another one could not.
    Failover,
    /// A file was what its fingerprint says.
    Verified,
    /// A file was not.
    Refused,
    /// A folio was not what the content has there.
    Mismatch,
    /// Clusters: decoded by a reader.
    ByReader,
    /// Decoded by a worker.
    ByWorker,
    /// Decoded for a part of what comes from it.
    Private,
    /// Decoded for another window too.
    Joined,
    /// Not compressed, and read to where it belongs.
    Final,
    /// Read to the place of what it decodes to.
    ReadInPlace,
    /// Read to pages of its own.
    ReadTemporary,
    /// Read to the page cache of what the image lies on.
    ReadKept,
    /// Decoded where it was read to.
    DecodedInPlace,
    /// The same, but its end was moved away meanwhile.
    Moved,
    /// Decoded to folios that lie in one piece.
    ToFolios,
    /// Decoded to memory from which it was copied.
    ToCopy,
    /// Decoded to a mapping of folios.
    ToMapping,
    /// The same, with few pages in turn for what nobody wants.
    Rolling,
}

/// How many of them there are.
const COUNTS: usize = Count::Rolling as usize + 1;

/// How often each was counted.
pub(crate) struct Counts([Atomic<u64>; COUNTS]);

impl Counts {
    /// Nothing so far.
    pub(crate) fn new() -> Self {
        Self([const { Atomic::new(0) }; COUNTS])
    }

    /// One more.
    pub(crate) fn add(&self, what: Count) {
        if let Some(count) = self.0.get(what as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// One less.
    pub(crate) fn remove(&self, what: Count) {
        if let Some(count) = self.0.get(what as usize) {
            count.fetch_sub(1, Relaxed);
        }
    }

    /// How many there are of that numbered `what`.
    fn get(&self, what: usize) -> u64 {
        self.0.get(what).map_or(0, |count| count.load(Relaxed))
    }
}

/// The directory of a mount. Until [`FileSystem::kill`] drops it the two hold each other.
///
/// [`FileSystem::kill`]: crate::vfs::fs_type::FileSystem::kill
pub(crate) struct OfMount {
    mount: Arc<Mount>,
    /// Where its files are shared, if at all.
    domain: Option<Shown>,
}

impl OfMount {
    /// That of `mount`, with its domain as `registry` calls it.
    pub(crate) fn new(mount: Arc<Mount>, registry: &Registry) -> Self {
        let domain = mount.domain.as_ref();
        let domain = domain.map(|domain| registry.shown(&domain.id));
        Self { mount, domain }
    }
}

/// The file `name`, which shows the [`Count`] numbered `WHAT`.
const fn count<const WHAT: usize>(name: &'static CStr) -> File<OfMount> {
    File::new(name, |m, text| text.line(m.mount.counts.get(WHAT)))
}

impl Attributes for OfMount {
    const FILES: &'static [File<Self>] = &[
        count::<{ Count::ByReader as usize }>(c"decoded_by_reader"),
        count::<{ Count::ByWorker as usize }>(c"decoded_by_worker"),
        count::<{ Count::DecodedInPlace as usize }>(c"decoded_in_place"),
        count::<{ Count::Joined as usize }>(c"decoded_joined"),
        count::<{ Count::Private as usize }>(c"decoded_privately"),
        count::<{ Count::Rolling as usize }>(c"decoded_rolling"),
        count::<{ Count::ToCopy as usize }>(c"decoded_to_copy"),
        count::<{ Count::ToFolios as usize }>(c"decoded_to_folios"),
        count::<{ Count::ToMapping as usize }>(c"decoded_to_mapping"),
        File::private(c"domain", |m, text| match m.domain {
            Some(domain) => text.line(domain),
            None => text.line("none"),
        }),
        count::<{ Count::Error as usize }>(c"errors"),
        count::<{ Count::Failover as usize }>(c"failovers"),
        count::<{ Count::Mismatch as usize }>(c"mismatches"),
        count::<{ Count::Moved as usize }>(c"moved_end"),
        count::<{ Count::Final as usize }>(c"read_final"),
        count::<{ Count::ReadInPlace as usize }>(c"read_in_place"),
        count::<{ Count::ReadKept as usize }>(c"read_kept"),
        count::<{ Count::ReadTemporary as usize }>(c"read_temporary"),
        File::new(c"reads", |m, text| text.line(m.mount.flights.count())),
        count::<{ Count::Refused as usize }>(c"refused"),
        File::new(c"share", |m, text| {
            text.line(match &m.mount.domain {
                None => "none",
                Some(domain) if domain.verify => "verify",
                Some(_) => "claim",
            })
        }),
        count::<{ Count::Bound as usize }>(c"shared_inodes"),
        File::new(c"temporary_bytes", |m, text| {
            text.line(m.mount.temporary.usage().0.unsigned_abs())
        }),
        File::new(c"temporary_bytes_limit", |m, text| {
            text.line(m.mount.temporary.limit().unsigned_abs())
        }),
        File::new(c"temporary_bytes_peak", |m, text| {
            text.line(m.mount.temporary.usage().1.unsigned_abs())
        }),
        count::<{ Count::Verified as usize }>(c"verified"),
    ];
}
