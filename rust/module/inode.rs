// SPDX-License-Identifier: GPL-2.0

//! Inodes of an image: from a node number to what the VFS sees.

use crate::{
    fill::source::Clusters,
    mount::{
        Image,
        Mount, //
    },
    share::{
        self,
        Binding, //
    },
    vfs::{
        address_space::AddressSpace,
        export,
        file,
        inode::{
            Attributes,
            Get,
            Inode, //
        },
        inode_ops::{
            Acl,
            InodeOperations,
            Operations, //
        },
        super_block::SuperBlock,
        xattr::Lister, //
    }, //
};
use cofs_core::{
    Kind,
    Layout, //
};
use core::ops::Range;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::Atomic,
        Mutex, //
    }, //
};

/// `STATX_ATTR_COMPRESSED` of statx(2).
const ATTR_COMPRESSED: u64 = 0x4;
/// `STATX_ATTR_IMMUTABLE` of statx(2).
const ATTR_IMMUTABLE: u64 = 0x10;

/// What an inode of an image carries.
#[pin_data]
pub(crate) struct Node {
    /// The checked inode on disk.
    pub(crate) disk: cofs_core::Inode,
    /// What its clusters are found by, if it is compressed.
    pub(crate) clusters: Clusters,
    /// Whose pages its files read; decided once, at first open.
    #[pin]
    pub(crate) binding: Mutex<Binding>,
    /// How many files of it are open, where that is counted.
    pub(crate) files: Atomic<u32>,
}

impl Node {
    /// Whether the data is in compressed clusters.
    pub(crate) fn is_compressed(&self) -> bool {
        is_compressed(&self.disk)
    }
}

fn is_compressed(disk: &cofs_core::Inode) -> bool {
    matches!(disk.layout(), Layout::Compressed { .. })
}

/// The inode of node `nid`.
pub(crate) fn get(sb: &SuperBlock<Image>, nid: u64) -> Result<ARef<Inode<Image>>> {
    let mount = sb.mount();
    // Each node has a number of its own, so that the number alone finds it.
    let new = match sb.iget(mount.disk.ino(nid))? {
        Get::Cached(inode) => return Ok(inode),
        Get::New(new) => new,
    };
    let disk = cofs_core::Inode::read(&mount.metadata(), &mount.disk, nid)
        .map_err(|e| mount.failed(nid, e))?;
    let attributes = Attributes {
        mode: disk.mode(),
        nlink: disk.nlink(),
        uid: disk.uid(),
        gid: disk.gid(),
        size: disk.size(),
        blocks: disk.blocks(),
        time: disk.mtime(),
        rdev: disk.rdev(),
        no_acl: disk.no_acl(),
    };
    let operations = operations(&mount, &disk)?;
    let node = try_pin_init!(Node {
        disk,
        clusters: Clusters::new(),
        binding <- new_mutex!(Binding::Undecided),
        files: Atomic::new(0),
    }? Error);
    new.init(&attributes, node, operations)
}

fn operations(mount: &Mount, disk: &cofs_core::Inode) -> Result<Operations<Image>> {
    Ok(match disk.kind() {
        Kind::Regular => Operations::file(mount.devices.is_block() && !is_compressed(disk)),
        Kind::Directory => Operations::dir(),
        Kind::Symlink => match disk.fast_link() {
            Some(pos) => Operations::fast_link(fast_link(mount, disk, pos)?)?,
            None => Operations::page_link(),
        },
        Kind::CharDevice | Kind::BlockDevice | Kind::Fifo | Kind::Socket => Operations::special(),
    })
}

/// The target of a short symlink, with its NUL.
fn fast_link(mount: &Mount, disk: &cofs_core::Inode, pos: u64) -> Result<KVec<u8>> {
    // The core has checked that the target is whole and in one block.
    let len = disk.size() as usize;
    let mut link = KVec::from_elem(0, len.checked_add(1).ok_or(EINVAL)?, GFP_KERNEL)?;
    let target = link.get_mut(..len).ok_or(EINVAL)?;
    cofs_core::pages::fill(&mount.metadata(), pos, target)
        .map_err(|e| mount.failed(disk.nid(), e))?;
    Ok(link)
}

impl InodeOperations for Image {
    fn lookup(dir: &Inode<Self>, name: &[u8]) -> Result<Option<ARef<Inode<Self>>>> {
        crate::dir::lookup(dir, name)
    }

    fn attributes(inode: &Inode<Self>) -> (u64, u64) {
        let known = ATTR_COMPRESSED | ATTR_IMMUTABLE;
        if inode.node().is_compressed() {
            (known, known)
        } else {
            (ATTR_IMMUTABLE, known)
        }
    }

    fn direct_align(inode: &Inode<Self>) -> Option<(u32, u32)> {
        if inode.node().is_compressed() {
            return None;
        }
        inode.super_block().mount().devices.direct_align()
    }

    fn list_xattrs(inode: &Inode<Self>, list: &mut Lister<'_>) -> Result {
        crate::xattr::list(inode, list)
    }

    fn acl(inode: &Inode<Self>, kind: Acl) -> Result<Option<KVec<u8>>> {
        crate::xattr::acl(inode, kind)
    }
}

impl export::Operations for Image {
    fn number(inode: &Inode<Self>) -> u64 {
        inode.node().disk.nid()
    }

    fn by_number(sb: &SuperBlock<Self>, nid: u64) -> Result<ARef<Inode<Self>>> {
        get(sb, nid)
    }

    fn parent(dir: &Inode<Self>) -> Result<ARef<Inode<Self>>> {
        crate::dir::lookup(dir, b"..")?.ok_or(ENOENT)
    }
}

impl file::Operations for Image {
    fn owns_pages(inode: &Inode<Self>) -> bool {
        share::is_alone(inode)
    }

    fn reads_directly(inode: &Inode<Self>) -> bool {
        let devices = &inode.super_block().mount().devices;
        devices.is_block() && !inode.node().is_compressed()
    }

    fn is_decoded(inode: &Inode<Self>) -> bool {
        // Content may be filled from another image.
        inode.node().is_compressed() || inode.redirection().is_some()
    }

    fn may_decode(inode: &Inode<Self>) -> bool {
        inode.node().is_compressed() || !inode.super_block().mount().windows.is_empty()
    }

    fn finish(inode: &Inode<Self>, mapping: &AddressSpace, range: Range<u64>) -> Result {
        let mount = inode.super_block().mount();
        mount.windows.finish(mapping.key(), range)
    }

    fn hand_over(inode: &Inode<Self>, mapping: &AddressSpace, range: Range<u64>) {
        let mount = inode.super_block().mount();
        mount.windows.hand_over(mapping.key(), &range);
    }

    fn open(inode: &Inode<Self>) -> Result {
        share::opened(inode)
    }

    fn closed(inode: &Inode<Self>) {
        share::closed(inode);
    }
}
