// SPDX-License-Identifier: GPL-2.0

//! From file offsets to extents: the core's map, asked once for each extent of a window.

use crate::fill::source::Source;
use cofs_core::{
    Extent,
    Place, //
};

/// The map of one window.
pub(crate) struct Map<'a> {
    source: &'a Source<'a>,
    end: u64,
    last: Extent,
}

impl<'a> Map<'a> {
    /// The map of a file up to offset `end`.
    pub(crate) fn new(source: &'a Source<'a>, end: u64) -> Self {
        Self {
            source,
            end,
            last: Extent {
                offset: 0,
                len: 0,
                place: Place::Hole,
            },
        }
    }

    /// How many bytes of the last extent lie at `offset` and behind it.
    pub(crate) fn left(&self, offset: u64) -> u64 {
        let end = self.last.offset.saturating_add(self.last.len);
        end.saturating_sub(offset)
    }

    /// The extent that starts at `offset` and does not go past `limit`.
    pub(crate) fn extent(&mut self, offset: u64, limit: u64) -> cofs_core::Result<Extent> {
        let inside = offset.checked_sub(self.last.offset);
        let skip = match inside.filter(|&skip| skip < self.last.len) {
            Some(skip) => skip,
            None => {
                let want = self.end.max(limit).saturating_sub(offset);
                let mount = self.source.mount();
                self.last = cofs_core::map(
                    &mount.metadata(),
                    &mount.disk,
                    self.source.disk(),
                    offset,
                    want,
                )?;
                0
            }
        };
        Ok(Extent {
            offset,
            len: self
                .last
                .len
                .saturating_sub(skip)
                .min(limit.saturating_sub(offset)),
            place: match self.last.place {
                Place::Hole => Place::Hole,
                Place::Device { device, pos } => Place::Device {
                    device,
                    pos: pos.saturating_add(skip),
                },
                Place::Meta { pos } => Place::Meta {
                    pos: pos.saturating_add(skip),
                },
            },
        })
    }
}
