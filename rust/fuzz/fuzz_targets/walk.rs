// SPDX-License-Identifier: GPL-2.0

//! The whole tree, by readdir and by lookup, from the root.

#![no_main]

use cofs_core::{
    data,
    lookup,
    pages::{
        self,
        PAGE_SIZE, //
    },
    readdir,
    Error,
    Inode,
    Kind,
    Pages,
    Result,
    SuperBlock, //
};
use cofs_fuzz::{
    Bytes,
    Image,
    Mounted, //
};
use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;

/// As many entries of a tree are looked at: directories may claim the same blocks.
const MOST_ENTRIES: usize = 2000;
/// A page of a directory comes from 8 blocks at most, each mapped and read apart.
const PER_PAGE: u64 = 8 * 4;

/// A directory's data, page by page.
struct Data<'a> {
    image: &'a Image<'a>,
    sb: &'a SuperBlock,
    inode: &'a Inode,
}

impl Pages for Data<'_> {
    type Page = Box<[u8]>;

    fn page(&self, index: u64) -> Result<Self::Page> {
        let mut page = vec![0; PAGE_SIZE as usize];
        let offset = index.checked_mul(PAGE_SIZE).ok_or(Error::IO)?;
        data::read(self.image, self.sb, self.inode, offset, &mut page)?;
        Ok(page.into())
    }
}

struct Entry {
    name: Vec<u8>,
    nid: u64,
    pos: u64,
}

fn directory(image: &Image<'_>, mounted: &Mounted, inode: &Inode, room: usize) -> Vec<Entry> {
    let sb = &mounted.sb;
    let size = inode.size();
    let dir = Data { image, sb, inode };
    let mut entries: Vec<Entry> = Vec::new();
    let limit = (room as u64 + 1) * PER_PAGE;
    let end = image.within(limit, |_| {
        readdir(&dir, sb, size, 0, |entry| {
            assert!((1..=255).contains(&entry.name.len()));
            assert!(entry.pos < size);
            assert!(entries.last().is_none_or(|last| last.pos < entry.pos));
            if entries.len() == room {
                return false;
            }
            entries.push(Entry {
                name: entry.name.to_vec(),
                nid: entry.nid,
                pos: entry.pos,
            });
            true
        })
    });

    // Where names ascend, as mkfs writes them, lookup finds what readdir shows.
    let sorted = end == Ok(size)
        && entries.windows(2).all(|pair| pair[0].name < pair[1].name)
        && entries.iter().all(|entry| !entry.name.contains(&0));
    let blocks = size.div_ceil(sb.block_size());
    let limit = u64::from(u64::BITS - blocks.leading_zeros() + 1) * PER_PAGE;
    for entry in &entries {
        let found = image.within(limit, |_| lookup(&dir, sb, size, &entry.name));
        if sorted {
            assert_eq!(found.unwrap().unwrap().nid, entry.nid);
        }
        let again = image.within(PER_PAGE, |_| {
            readdir(&dir, sb, size, entry.pos, |again| {
                assert_eq!((again.name, again.nid), (&entry.name[..], entry.nid));
                false
            })
        });
        assert_eq!(again, Ok(entry.pos));
    }
    for name in [&b""[..], b"\0", b"m", &[0xff; 255]] {
        let _ = image.within(limit, |_| lookup(&dir, sb, size, name));
    }
    assert_eq!(
        lookup(&dir, sb, size, &[b'a'; 256]),
        Err(Error::NameTooLong)
    );
    for pos in [1, 13, sb.block_size() - 1, size, u64::MAX] {
        let _ = image.within(PER_PAGE, |_| readdir(&dir, sb, size, pos, |_| false));
    }
    entries
}

fn link(image: &Image<'_>, inode: &Inode) {
    if let Some(pos) = inode.fast_link() {
        let mut target = vec![0; inode.size() as usize];
        image
            .within(2, |image| pages::fill(image, pos, &mut target))
            .unwrap();
        assert!(!target.is_empty() && !target.contains(&0));
    }
}

fuzz_target!(|input: &[u8]| {
    let bytes = Bytes::new(input);
    let image = bytes.image();
    let Ok(mounted) = Mounted::new(&image) else {
        return;
    };
    let mut room = MOST_ENTRIES;
    let mut seen = HashSet::new();
    let mut todo = vec![mounted.sb.root_nid()];
    while let Some(nid) = todo.pop() {
        if room == 0 || !seen.insert(nid) {
            continue;
        }
        let Ok(inode) = mounted.inode(&image, nid) else {
            continue;
        };
        link(&image, &inode);
        if inode.kind() == Kind::Directory {
            let entries = directory(&image, &mounted, &inode, room);
            room -= entries.len();
            todo.extend(entries.iter().map(|entry| entry.nid));
        }
    }
});
