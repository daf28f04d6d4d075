// SPDX-License-Identifier: GPL-2.0

//! Clusters that are read through the page cache of what the image lies on: somebody reads here and
//! there, and will want more of what comes from them.

use crate::{
    fill::source::Source as Image,
    sys::{
        backing::{
            At,
            Backing, //
        },
        span::{
            Source,
            Target, //
        }, //
    },
    vfs::folio::MappedPage, //
};
use core::ops::Range;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

const PAGE: u64 = PAGE_SIZE as u64;

/// The pages that the bytes of a cluster fill.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    backing: Backing,
    first: u64,
    count: u32,
}

impl Kept {
    /// Those of the `len` bytes at `pos` of a device of `image`, if they are whole pages that may stay.
    pub(crate) fn of(image: &Image<'_>, device: u16, pos: u64, len: u64) -> Option<Self> {
        let mount = image.mount();
        if !mount.keeps_clusters() || image.is_special() {
            return None;
        }
        Self::new(&mount.find(device, pos, len).ok()?, len)
    }

    fn new(at: &At, len: u64) -> Option<Self> {
        let whole = (at.pos | len) % PAGE == 0 && at.len >= len;
        let there = at.pos.checked_add(len)? <= at.backing.size();
        (whole && there && at.backing.may_keep()).then_some(Self {
            backing: at.backing,
            first: at.pos / PAGE,
            count: u32::try_from(len / PAGE).ok()?,
        })
    }

    fn pages(&self) -> Range<u64> {
        self.first..self.first.saturating_add(self.count.into())
    }

    /// Whether all of them are there.
    pub(crate) fn is_there(&self) -> bool {
        self.backing.first_unread(self.pages()) == self.pages().end
    }

    /// Starts to read those that are not there.
    pub(crate) fn start(&self) {
        self.backing.read_ahead(self.pages());
    }

    /// Waits until they are there. EINTR if a signal kills this thread.
    pub(crate) fn wait(&self) -> Result {
        let unread = self.backing.first_unread(self.pages());
        for index in unread..self.pages().end {
            self.backing.read_page(index)?;
        }
        Ok(())
    }

    /// The only page, if there is one only.
    pub(crate) fn only(&self) -> Option<Result<MappedPage>> {
        (self.count == 1).then(|| self.backing.read_page(self.first))
    }

    /// Copies them to `to`. Those that are gone again are read again.
    pub(crate) fn copy_out(&self, to: Target<'_>) -> Result {
        let mut done = 0;
        for index in self.pages() {
            let page = self.backing.read_page(index)?;
            if let Some(to) = to.get(done..to.len()) {
                done += to.copy_from(Source::of(&page));
            }
        }
        Ok(())
    }
}
