// SPDX-License-Identifier: GPL-2.0

//! `/sys/fs/cofs/`: what sharing does, in numbers. Each read walks the registry.

use crate::{
    share::Registry,
    sys::sysfs::Show, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::Arc, //
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

impl Show for Sharing {
    const FILES: &'static [&'static CStr] = &[
        c"shared_inodes",
        c"sharers",
        c"shared_pages",
        c"saved_bytes",
        c"adoptions",
        c"failovers",
    ];

    fn show(&self, index: usize) -> u64 {
        match index {
            // Content inodes, with or without images.
            0 => self.sum(|_, _| 1),
            // Inodes of images that are bound to one.
            1 => self.sum(|sharers, _| sharers),
            // Pages that at least two images have in common.
            2 => self.sum(|sharers, pages| if sharers > 1 { pages } else { 0 }),
            // At most: an image that never read a page would not have had it.
            3 => self
                .sum(|sharers, pages| pages.saturating_mul(sharers.saturating_sub(1)))
                .saturating_mul(PAGE_SIZE as u64),
            4 => self.registry.adoptions(),
            _ => self.registry.failovers(),
        }
    }
}
