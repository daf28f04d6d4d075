// SPDX-License-Identifier: GPL-2.0

//! The image that fills folios, and its reads from the device.

use crate::{
    fill::{
        decode,
        map::Map, //
    },
    mount::{
        Image,
        Mount, //
    },
    sys::bio::{
        Purpose,
        Reader, //
    },
    vfs::{
        folio::Filling,
        inode::Inode, //
    }, //
};
use cofs_core::{
    Error as CoreError,
    Place, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Fills one folio after the other; bios go out when it is dropped, or earlier.
pub(crate) type Reads<'a> = Reader<'a, Mount>;

/// A file on an image, as a source of bytes.
pub(crate) struct Source<'a> {
    mount: Arc<Mount>,
    disk: &'a cofs_core::Inode,
}

impl<'a> Source<'a> {
    /// The file that `inode` stands for, whose mount the caller keeps from going away.
    pub(crate) fn of(inode: &'a Inode<Image>) -> Self {
        Self {
            mount: inode.super_block().mount().into(),
            disk: &inode.node().disk,
        }
    }

    /// The file `disk` on `mount`; the caller counts itself among its flights.
    pub(crate) fn new(mount: Arc<Mount>, disk: &'a cofs_core::Inode) -> Self {
        Self { mount, disk }
    }

    /// The mount.
    pub(crate) fn mount(&self) -> &Mount {
        &self.mount
    }

    /// The inode on disk.
    pub(crate) fn disk(&self) -> &cofs_core::Inode {
        self.disk
    }

    /// A reader of what the image lies on.
    pub(crate) fn reader(&self, purpose: Purpose) -> Reads<'_> {
        Reader::new(purpose, &self.mount)
    }

    /// Fills a folio: at once where the bytes are at hand, else by pieces that `reads` carries.
    pub(crate) fn fill(
        &self,
        map: &mut Map<'_>,
        reads: &mut Reads<'_>,
        filling: &mut Filling,
    ) -> Result {
        let start = filling.pos();
        let end = start.saturating_add(filling.len() as u64);
        let mut pos = start;
        while pos < end {
            let step = map
                .extent(pos, end)
                .and_then(|extent| match extent.len {
                    0 => Err(CoreError::Corrupt("an extent is empty")),
                    _ => Ok(extent),
                })
                .map_err(|e| self.mount.failed(self.disk.nid(), e))?;
            let at = pos.saturating_sub(start) as usize;
            let mut len = step.len;
            match step.place {
                Place::Hole => filling.zero(at, step.len as usize),
                Place::Meta { pos } => decode::tail(self, filling, at, pos, step.len)?,
                Place::Device { device, pos } => {
                    let nid = self.disk.nid();
                    let from = self
                        .mount
                        .find(device, pos, len)
                        .map_err(|e| self.mount.failed(nid, e))?;
                    // The rest may lie on another device.
                    len = from.len;
                    let left = map.left(step.offset);
                    reads
                        .add(filling, at, from, left)
                        .inspect_err(|e| self.mount.lost_now(nid, step.offset, len, *e))?;
                }
            }
            pos = pos.saturating_add(len);
        }
        Ok(())
    }
}
