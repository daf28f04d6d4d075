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
    compressed,
    Error as CoreError,
    Layout,
    Place, //
};
use kernel::{
    prelude::*,
    sync::{
        Arc,
        SetOnce, //
    }, //
};

/// Fills one folio after the other; bios go out when it is dropped, or earlier.
pub(crate) type Reads<'a> = Reader<'a, Mount>;

/// A file on an image, as a source of bytes.
pub(crate) struct Source<'a> {
    mount: Arc<Mount>,
    disk: &'a cofs_core::Inode,
    clusters: &'a Clusters,
}

/// What is read once of a compressed file, when it is read first.
pub(crate) type Clusters = SetOnce<KBox<compressed::File>>;

impl<'a> Source<'a> {
    /// The file that `inode` stands for, whose mount the caller keeps from going away.
    pub(crate) fn of(inode: &'a Inode<Image>) -> Self {
        Self {
            mount: inode.super_block().mount().into(),
            disk: &inode.node().disk,
            clusters: &inode.node().clusters,
        }
    }

    /// The file `disk` on `mount`; the caller counts itself among its flights.
    pub(crate) fn new(
        mount: Arc<Mount>,
        disk: &'a cofs_core::Inode,
        clusters: &'a Clusters,
    ) -> Self {
        Self {
            mount,
            disk,
            clusters,
        }
    }

    /// Whether the file is decoded from clusters.
    pub(crate) fn is_compressed(&self) -> bool {
        matches!(self.disk.layout(), Layout::Compressed { .. })
    }

    /// Whether it is an inode that files are read from.
    pub(crate) fn is_special(&self) -> bool {
        let nid = Some(self.disk.nid());
        nid == self.mount.disk.fragments_nid() || nid == self.mount.disk.metabox_nid()
    }

    /// The file's index of clusters.
    pub(crate) fn file(&self) -> cofs_core::Result<compressed::File> {
        if let Some(file) = self.clusters.as_ref() {
            return Ok((**file).clone());
        }
        let file = compressed::File::read(&self.mount.metadata(), &self.mount.disk, self.disk)?;
        // Without memory it is read again the next time.
        if let Ok(known) = KBox::new(file.clone(), GFP_KERNEL) {
            self.clusters.populate(known);
        }
        Ok(file)
    }

    /// The mount, to keep.
    pub(crate) fn mount_arc(&self) -> Arc<Mount> {
        self.mount.clone()
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
