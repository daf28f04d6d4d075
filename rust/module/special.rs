// SPDX-License-Identifier: GPL-2.0

//! Inodes that an image has for itself: the packed inode, whose bytes are fragments of files, and
//! the metabox, whose bytes are compressed metadata.
//!
//! Both are read with metadata of the device alone, as `cofs_core` sees to. So a read goes from an
//! inode to the metabox, or from a file to the packed inode, and no further.

use crate::{
    error,
    fill::source::Source,
    inode,
    mount::Image,
    vfs::{
        folio::MappedPage,
        held::{
            Gone,
            Held, //
        },
        inode::Inode,
        super_block::SuperBlock, //
    }, //
};
use cofs_core::{
    compressed::{
        self,
        Finder,
        Reach, //
    },
    pages::{
        METABOX_PAGE,
        PACKED_PAGE, //
    },
    Error as CoreError,
    Kind, //
};
use core::ops::Range;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

const PAGE: u64 = PAGE_SIZE as u64;

/// The special inodes of a mount.
pub(crate) struct Special {
    packed: Held<Image>,
    metabox: Held<Image>,
}

impl Special {
    /// None, before the super block can make inodes.
    pub(crate) fn new() -> Self {
        Self {
            packed: Held::new(),
            metabox: Held::new(),
        }
    }

    /// Gets those that the image has.
    pub(crate) fn get(&self, sb: &SuperBlock<Image>) -> Result {
        let disk = &sb.mount().disk;
        if let Some(nid) = disk.fragments_nid() {
            self.packed.set(inode::get(sb, nid)?);
        }
        if let Some(nid) = disk.metabox_nid() {
            self.metabox.set(inode::get(sb, nid)?);
        }
        Ok(())
    }

    /// The packed inode, if it is one that has bytes.
    pub(crate) fn packed(&self) -> Option<&Inode<Image>> {
        self.packed.get().filter(|inode| has_pages(inode))
    }

    /// Gets `len` bytes at `pos` of the packed inode, which are wanted soon, as they lie together.
    pub(crate) fn prepare_packed(&self, pos: u64, len: u64) {
        if let Some(packed) = self.packed().filter(|inode| inode.node().is_compressed()) {
            prepare(packed, pos..pos.saturating_add(len));
        }
    }

    /// Page `index` of metadata, if it is one of a special inode.
    pub(crate) fn page(&self, index: u64) -> Option<cofs_core::Result<MappedPage>> {
        let (inode, index) = if index & METABOX_PAGE != 0 {
            (&self.metabox, index & !METABOX_PAGE)
        } else if index & PACKED_PAGE != 0 {
            (&self.packed, index & !PACKED_PAGE)
        } else {
            return None;
        };
        let inode = inode.get().filter(|inode| has_pages(inode));
        Some(inode.map_or(
            Err(CoreError::Corrupt("a special inode is not a file")),
            |inode| page(inode, index),
        ))
    }

    /// Lets go of them.
    pub(crate) fn release(&self, gone: &Gone) {
        self.packed.release(gone);
        self.metabox.release(gone);
    }
}

/// Whether the inode has data that the page cache holds.
fn has_pages(inode: &Inode<Image>) -> bool {
    let disk = &inode.node().disk;
    match disk.kind() {
        Kind::Regular | Kind::Directory => true,
        Kind::Symlink => disk.fast_link().is_none(),
        Kind::CharDevice | Kind::BlockDevice | Kind::Fifo | Kind::Socket => false,
    }
}

/// Page `index` of the inode's own pages.
fn page(inode: &Inode<Image>, index: u64) -> cofs_core::Result<MappedPage> {
    if index >= inode.size().div_ceil(PAGE) {
        return Err(CoreError::Corrupt("metadata leaves a special inode"));
    }
    let mapping = inode.data_mapping();
    let next = index.saturating_add(1);
    if inode.node().is_compressed() && mapping.first_unread(index..next) == index {
        prepare(inode, cluster(inode, index));
    }
    mapping.read_page(index, None).map_err(error::to_core)
}

/// Reads those pages of `range` that are not there, and decodes what is on its way on this thread.
/// What fails is told to whoever reads it then.
fn prepare(inode: &Inode<Image>, range: Range<u64>) {
    let mapping = inode.data_mapping();
    let end = range.end.min(inode.size()).div_ceil(PAGE);
    let first = mapping.first_unread(range.start / PAGE..end);
    if first < end {
        mapping.read_ahead(first..end, None);
        let range = first.saturating_mul(PAGE)..end.saturating_mul(PAGE);
        let mount = inode.super_block().mount();
        let _ = mount.windows.finish(mapping.key(), range);
    }
}

/// Less is not worth while to have before it is asked for.
const SMALL: u64 = 32 << 10;

/// Page `index`, and those that lie as a whole in a cluster with it, unless that is small.
fn cluster(inode: &Inode<Image>, index: u64) -> Range<u64> {
    let start = index.saturating_mul(PAGE);
    let page = start..start.saturating_add(PAGE);
    let source = Source::of(inode);
    let mount = source.mount();
    let metadata = mount.metadata();
    let found = source
        .file()
        .and_then(|file| Finder::new(&metadata, &mount.disk, &file).find(start, Reach::Whole));
    match found {
        // A hole may be of any length.
        Ok(cluster)
            if cluster.len > SMALL && matches!(cluster.source, compressed::Source::Encoded(_)) =>
        {
            let first = cluster.offset.div_ceil(PAGE).saturating_mul(PAGE);
            let end = cluster.end() / PAGE * PAGE;
            first.min(page.start)..end.max(page.end)
        }
        _ => page,
    }
}
