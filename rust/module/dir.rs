// SPDX-License-Identifier: GPL-2.0

//! Directories: names to inodes, and readdir.

use crate::{
    fill::pages::Directory,
    inode,
    mount::Image,
    vfs::{
        dir::{
            self,
            Context, //
        },
        folio::MappedPage,
        inode::Inode, //
    }, //
};
use cofs_core::walk;
use kernel::{
    prelude::*,
    sync::aref::ARef, //
};

/// `DT_*` of readdir(3) for the `FT_*` of a directory entry.
const D_TYPE: [u8; 8] = [0, 8, 4, 2, 6, 1, 12, 10];

/// `DT_DIR` of readdir(3).
const DT_DIR: u8 = 4;

/// The inode that `name` stands for in `dir`.
pub(crate) fn lookup(dir: &Inode<Image>, name: &[u8]) -> Result<Option<ARef<Inode<Image>>>> {
    let sb = dir.super_block();
    let mount = sb.mount();
    let pages = Directory::new(&mount, dir.data_mapping());
    let found = walk::lookup::lookup(&pages, &mount.disk, dir.size(), name)
        .map_err(|e| mount.failed(dir.node().disk.nid(), e))?;
    found.map(|entry| inode::get(sb, entry.nid)).transpose()
}

/// The pages of a directory that is being walked.
struct Walked<'a> {
    ahead: &'a dir::Pages<'a>,
    pages: Directory<'a>,
}

impl cofs_core::Pages for Walked<'_> {
    type Page = MappedPage;

    fn page(&self, index: u64) -> cofs_core::Result<MappedPage> {
        self.ahead.read_ahead(index);
        self.pages.page(index)
    }
}

impl dir::Operations for Image {
    fn iterate(dir: &Inode<Self>, pages: &dir::Pages<'_>, ctx: &mut Context<'_>) -> Result {
        let sb = dir.super_block();
        let mount = sb.mount();
        let size = dir.size();
        let pages = Walked {
            ahead: pages,
            pages: Directory::new(&mount, pages.mapping()),
        };
        let mut full = false;
        let mut pos = ctx.pos();
        let read = walk::readdir::readdir(&pages, &mount.disk, size, pos, |entry| {
            let d_type = D_TYPE
                .get(usize::from(entry.file_type))
                .copied()
                .unwrap_or(0);
            // The first entry of each block asks for all of it.
            let first = mount.disk.block_offset(entry.pos) == 0;
            let ino = mount.disk.ino(entry.nid);
            full = first && ctx.interrupted() || !ctx.emit(entry.name, entry.pos, ino, d_type);
            if !full {
                pos = entry.next_pos();
            }
            !full
        });
        // After an error the next call goes on behind the last good entry, and fails there.
        ctx.set_pos(*read.as_ref().unwrap_or(&pos));
        let next = read.map_err(|e| mount.failed(dir.node().disk.nid(), e))?;
        if ctx.interrupted() {
            return Err(ERESTARTSYS);
        }
        let own = &dir.node().disk;
        if !full && next == size && own.dot_omitted() && ctx.emit(b".", next, own.ino(), DT_DIR) {
            ctx.set_pos(next.saturating_add(1));
        }
        Ok(())
    }
}
