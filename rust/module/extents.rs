// SPDX-License-Identifier: GPL-2.0

//! Where files lie, for those who ask: FIEMAP, SEEK_HOLE, SEEK_DATA, FIBMAP, and direct I/O.

use crate::{
    fill::pages::Unread,
    mount::Image,
    sys::errno,
    vfs::{
        folio::MappedPage,
        inode::Inode,
        iomap, //
    }, //
};
use cofs_core::{
    pages,
    Pages,
    Place, //
};
use kernel::prelude::*;

impl iomap::Operations for Image {
    fn extent(inode: &Inode<Self>, offset: u64, want: u64, nowait: bool) -> Result<iomap::Extent> {
        let mount = inode.super_block().mount();
        let disk = &inode.node().disk;
        if inode.node().is_compressed() {
            return Err(errno::unsupported());
        }
        let place = || {
            let extent = if nowait {
                cofs_core::map(&Unread, &mount.disk, disk, offset, want)
            } else {
                cofs_core::map(&mount.metadata(), &mount.disk, disk, offset, want)
            }?;
            let mut len = extent.len;
            let place = match extent.place {
                Place::Hole => iomap::Place::Hole,
                Place::Meta { pos } => iomap::Place::Inline {
                    pos,
                    addr: pos.saturating_add(mount.metadata().origin()),
                },
                Place::Device { device, pos } => {
                    let at = mount.find(device, pos, len)?;
                    len = at.len;
                    iomap::Place::Mapped(at)
                }
            };
            Ok(iomap::Extent { offset, len, place })
        };
        place().map_err(|e| mount.failed(disk.nid(), e))
    }

    fn metadata(inode: &Inode<Self>, pos: u64) -> Result<(MappedPage, usize)> {
        let mount = inode.super_block().mount();
        pages::locate(&mount.metadata(), pos).map_err(|e| mount.failed(inode.node().disk.nid(), e))
    }
}
