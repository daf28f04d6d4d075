// SPDX-License-Identifier: GPL-2.0

//! Where files lie, for those who ask: FIEMAP, SEEK_HOLE, SEEK_DATA, FIBMAP, and direct I/O.

use crate::{
    fill::{
        pages::Unread,
        source::Source, //
    },
    mount::Image,
    vfs::{
        folio::MappedPage,
        inode::Inode,
        iomap, //
    }, //
};
use cofs_core::{
    compressed::{
        self,
        Finder,
        Reach, //
    },
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
            return encoded(inode, offset, want).map_err(|e| mount.failed(disk.nid(), e));
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
                    addr: (pos & pages::METABOX == 0)
                        .then(|| pos.saturating_add(mount.metadata().origin())),
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

/// The extent of a compressed file that byte `offset` is in: as a whole, or from the file's end to
/// that of `want` bytes.
fn encoded(inode: &Inode<Image>, offset: u64, want: u64) -> cofs_core::Result<iomap::Extent> {
    if offset >= inode.size() {
        return Ok(iomap::Extent {
            offset,
            len: want,
            place: iomap::Place::Hole,
        });
    }
    let source = Source::of(inode);
    let mount = source.mount();
    let meta = mount.metadata();
    let file = source.file()?;
    let cluster = Finder::new(&meta, &mount.disk, &file).find(offset, Reach::Whole)?;
    let place = match cluster.source {
        compressed::Source::Hole => iomap::Place::Hole,
        compressed::Source::Fragment { .. } => iomap::Place::Encoded { addr: None },
        compressed::Source::Encoded(encoded) => iomap::Place::Encoded {
            addr: match encoded.place {
                Place::Hole => None,
                Place::Device { pos, .. } => Some(pos),
                Place::Meta { pos } => Some(pos & !pages::METABOX),
            },
        },
    };
    Ok(iomap::Extent {
        offset: cluster.offset,
        len: cluster.len,
        place,
    })
}
