// SPDX-License-Identifier: GPL-2.0

//! Inodes that an image has for itself: the packed inode, whose bytes are fragments of files, and
//! the metabox, whose bytes are compressed metadata.
//!
//! Both are read with metadata of the device alone, as `cofs_core` sees to. So a read goes from an
//! inode to the metabox, or from a file to the packed inode, and no further.

use crate::{
    error,
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
    pages::{
        METABOX_PAGE,
        PACKED_PAGE, //
    },
    Error as CoreError,
    Kind, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

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
    if index >= inode.size().div_ceil(PAGE_SIZE as u64) {
        return Err(CoreError::Corrupt("metadata leaves a special inode"));
    }
    let page = inode.data_mapping().read_page(index, None);
    page.map_err(error::to_core)
}
