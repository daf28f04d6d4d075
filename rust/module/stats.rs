// SPDX-License-Identifier: GPL-2.0

//! `/sys/fs/cofs/`: what sharing and the mounts do, in numbers. Reading what concerns all content
//! walks the registry.

use crate::{
    mount::Mount,
    share::Registry,
    sys::{
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
}

impl Sharing {
    /// The numbers of `registry`.
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
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
        File::new(c"adoptions", |s, text| text.line(s.registry.adoptions())),
        File::new(c"failovers", |s, text| text.line(s.registry.failovers())),
        // Pages of content that no image holds.
        File::new(c"lingering_pages", |s, text| {
            text.line(s.sum(|sharers, pages| if sharers == 0 { pages } else { 0 }))
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

/// What one mount counts, and the files of `/sys/fs/cofs/DEVICE/`.
pub(crate) struct Counts {
    errors: Atomic<u64>,
    failovers: Atomic<u64>,
    shared_inodes: Atomic<u64>,
}

impl Counts {
    /// Nothing so far.
    pub(crate) fn new() -> Self {
        Self {
            errors: Atomic::new(0),
            failovers: Atomic::new(0),
            shared_inodes: Atomic::new(0),
        }
    }

    /// The device failed, or the image contradicts itself.
    pub(crate) fn error(&self) {
        self.errors.add(1, Relaxed);
    }

    /// The image filled a folio that another one could not.
    pub(crate) fn failover(&self) {
        self.failovers.add(1, Relaxed);
    }

    /// An inode was bound to content.
    pub(crate) fn bound(&self) {
        self.shared_inodes.add(1, Relaxed);
    }

    /// One that was bound is evicted.
    pub(crate) fn unbound(&self) {
        self.shared_inodes.fetch_sub(1, Relaxed);
    }
}

/// The directory of a mount. Until [`FileSystem::kill`] drops it the two hold each other.
///
/// [`FileSystem::kill`]: crate::vfs::fs_type::FileSystem::kill
pub(crate) struct OfMount(pub(crate) Arc<Mount>);

impl Attributes for OfMount {
    const FILES: &'static [File<Self>] = &[
        File::new(c"errors", |m, text| {
            text.line(m.0.counts.errors.load(Relaxed))
        }),
        File::new(c"failovers", |m, text| {
            text.line(m.0.counts.failovers.load(Relaxed))
        }),
        File::new(c"reads", |m, text| text.line(m.0.flights.count())),
        File::new(c"shared_inodes", |m, text| {
            text.line(m.0.counts.shared_inodes.load(Relaxed))
        }),
    ];
}
