// SPDX-License-Identifier: GPL-2.0

//! Does with an image whatever a mount could be made to do, and measures the work of each step.

use super::pages::{
    crc32c,
    device_table,
    Counted,
    DataPages, //
};
use cofs_core::{
    data,
    devices::{
        resolve,
        Mode,
        Table, //
    },
    lookup,
    map,
    readdir,
    xattr::{
        self,
        LongPrefixes, //
    },
    Device,
    Inode,
    Kind,
    Place,
    Result,
    SuperBlock, //
};
use std::collections::HashSet;

/// Bounds of the walk itself: an image may have cycles, and files of any size.
const INODES: usize = 200;
const ENTRIES: usize = 300;
const EXTENTS: usize = 100;

/// What was reached.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) inodes: usize,
    pub(crate) entries: usize,
    pub(crate) extents: usize,
    pub(crate) xattrs: usize,
    /// A bit for each device up to 31 that has data.
    pub(crate) devices: u32,
    pub(crate) errors: usize,
}

struct Walk<'a, P> {
    pages: &'a P,
    sb: SuperBlock,
    devices: Vec<Device>,
    prefixes: LongPrefixes,
    reached: Reached,
    seen: HashSet<u64>,
    todo: Vec<u64>,
}

/// Walks the whole image. Panics if a step fails to respect a bound.
pub(crate) fn walk<P: Counted>(pages: &P) -> Result<Reached> {
    let sb = bounded(pages, 4, || SuperBlock::read_with_devices(pages, crc32c))?;
    let slots = u64::from(sb.extra_devices());
    let devices = bounded(pages, 2 * slots, || device_table(pages, &sb))?;
    let root = bounded(pages, 4, || Inode::root(pages, &sb))?;
    let prefixes = bounded(pages, 8 * 255, || LongPrefixes::load(pages, &sb))?;
    let mut walk = Walk {
        pages,
        sb,
        devices,
        prefixes,
        reached: Reached::default(),
        seen: HashSet::new(),
        todo: vec![root.nid()],
    };
    while let Some(nid) = walk.todo.pop() {
        if walk.seen.len() < INODES && walk.seen.insert(nid) {
            walk.step(|walk| walk.inode(nid));
        }
    }
    Ok(walk.reached)
}

/// Runs a step that may be lent `limit` pages.
fn bounded<P: Counted, T>(pages: &P, limit: u64, step: impl FnOnce() -> T) -> T {
    let before = pages.lent();
    let result = step();
    let lent = pages.lent() - before;
    assert!(lent <= limit, "{lent} pages lent, {limit} allowed");
    result
}

impl<P: Counted> Walk<'_, P> {
    fn step(&mut self, step: impl FnOnce(&mut Self) -> Result<()>) {
        if step(self).is_err() {
            self.reached.errors += 1;
        }
    }

    fn inode(&mut self, nid: u64) -> Result<()> {
        let inode = bounded(self.pages, 4, || Inode::read(self.pages, &self.sb, nid))?;
        self.reached.inodes += 1;
        assert_eq!(inode.nid(), nid);
        assert!(i64::try_from(inode.size()).is_ok());
        self.step(|walk| walk.xattrs(&inode));
        self.step(|walk| walk.extents(&inode));
        if let Some(pos) = inode.fast_link() {
            let mut target = vec![0; inode.size() as usize];
            cofs_core::pages::fill(self.pages, pos, &mut target)?;
            assert!(!target.is_empty() && !target.contains(&0));
        }
        if inode.kind() == Kind::Directory {
            self.step(|walk| walk.directory(&inode));
        }
        Ok(())
    }

    /// Maps the whole file, and in odd pieces.
    fn extents(&mut self, inode: &Inode) -> Result<()> {
        for want in [u64::MAX, 4096, 777] {
            let mut offset = 0;
            for _ in 0..EXTENTS {
                let extent = bounded(self.pages, 3, || {
                    map(self.pages, &self.sb, inode, offset, want)
                })?;
                self.reached.extents += 1;
                assert_eq!(extent.offset, offset);
                assert!((1..=want).contains(&extent.len));
                match extent.place {
                    Place::Hole => (),
                    Place::Device { device, pos } => {
                        self.resolve(device, pos, extent.len)?;
                        let blocks = inode.size().div_ceil(self.sb.block_size());
                        assert!(offset + extent.len <= blocks * self.sb.block_size());
                    }
                    Place::Meta { pos } => {
                        assert!(offset + extent.len <= inode.size());
                        let last = pos + extent.len - 1;
                        assert_eq!(pos >> self.sb.block_bits(), last >> self.sb.block_bits());
                    }
                }
                offset = match offset.checked_add(extent.len) {
                    Some(next) if next < inode.size() => next,
                    _ => break,
                };
            }
        }
        let mut bytes = [0; 5000];
        let read = data::read(self.pages, &self.sb, inode, 3, &mut bytes);
        if self.devices.is_empty() {
            return read;
        }
        let table = Table::new(&self.sb, &self.devices, Mode::Separate, 0)?;
        let fill = |device, _, piece: &mut [u8]| {
            assert!(usize::from(device) <= self.devices.len());
            piece.fill(0);
            Ok(())
        };
        data::read_devices(self.pages, &table, inode, 3, &mut bytes, fill)
    }

    /// Finds the bytes of an extent on the devices of both kinds of mount.
    fn resolve(&mut self, device: u16, pos: u64, len: u64) -> Result<()> {
        let end = pos.checked_add(len).unwrap();
        if self.devices.is_empty() {
            assert!(device == 0 && end <= self.sb.blocks() * self.sb.block_size());
            return Ok(());
        }
        for mode in [Mode::Flat, Mode::Separate] {
            let table = Table::new(&self.sb, &self.devices, mode, 512).unwrap();
            let piece = resolve(&table, device, pos, len)?;
            assert!((1..=len).contains(&piece.len));
            assert!(piece.pos.checked_add(piece.len).is_some());
            match usize::from(piece.device).checked_sub(1) {
                None => assert!(piece.pos >= 512),
                Some(index) => {
                    assert_eq!(mode, Mode::Separate);
                    let size = self.devices[index].blocks * self.sb.block_size();
                    assert!(size == 0 || piece.pos + piece.len <= size);
                    self.reached.devices |= 1u32.checked_shl(index as u32).unwrap_or(0);
                }
            }
        }
        Ok(())
    }

    fn xattrs(&mut self, inode: &Inode) -> Result<()> {
        let Walk {
            pages,
            sb,
            prefixes,
            ..
        } = self;
        let pages = *pages;
        // Each entry takes 4 bytes of the area, or is one of 255 that are shared, and each may
        // name a prefix, and the areas may be far from each other.
        let limit = (inode.xattr_size() / 4 + 2 * 255) * 8 + 8;
        let mut names = Vec::new();
        let listed = bounded(pages, limit, || {
            xattr::list(pages, sb, inode, prefixes, |name| {
                names.push((name.index, [name.infix, name.suffix].concat()));
                Ok(())
            })
        });
        self.reached.xattrs += names.len();
        let mut value = [0; 65536];
        for (index, name) in names.iter().take(8) {
            let _ = bounded(pages, limit + 20, || {
                xattr::get(pages, sb, inode, prefixes, *index, name, &mut value)
            });
        }
        let _ = bounded(pages, limit, || {
            xattr::get(pages, sb, inode, prefixes, 2, b"", &mut [])
        });
        for id in [0, 127, 255] {
            let _ = bounded(pages, limit + 40, || {
                xattr::get_long(pages, sb, inode, prefixes, id, &mut value)
            });
        }
        listed
    }

    fn directory(&mut self, inode: &Inode) -> Result<()> {
        let dir = DataPages {
            meta: self.pages,
            sb: &self.sb,
            inode,
        };
        let mut names = Vec::new();
        let read = readdir(&dir, &self.sb, inode.size(), 0, |entry| {
            assert!((1..=255).contains(&entry.name.len()));
            names.push((entry.name.to_vec(), entry.nid, entry.pos));
            names.len() < ENTRIES
        });
        self.reached.entries += names.len();
        for (name, nid, pos) in &names {
            self.todo.push(*nid);
            // 64 halvings of a page each, each page from extents of at least a block.
            let limit = 65 * 8 * 4;
            let _ = bounded(self.pages, limit, || {
                lookup(&dir, &self.sb, inode.size(), name)
            });
            let again = readdir(&dir, &self.sb, inode.size(), *pos, |entry| {
                assert_eq!((entry.name, entry.nid), (&name[..], *nid));
                false
            });
            assert_eq!(again, Ok(*pos));
        }
        // Positions in the middle of entries and past the end are a caller's to give.
        for pos in [1, 13, 4095, inode.size(), u64::MAX] {
            let _ = readdir(&dir, &self.sb, inode.size(), pos, |_| false);
        }
        read.map(|_| ())
    }
}
