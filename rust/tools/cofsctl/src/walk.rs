// SPDX-License-Identifier: GPL-2.0
//! All names of an image, each directory once, with work that the image's size bounds.

use std::collections::HashSet;

use cofs_core::{readdir, Error, Inode, Kind};
use cofs_reader::Image;

use crate::failure::{text, Result};
use crate::output::{show, Faults};

/// Longer paths no system call takes.
const MOST_PATH: usize = 4096;

/// A name.
pub(crate) struct Entry<'a> {
    dirs: &'a [Dir],
    dir: usize,
    name: &'a [u8],
    /// Whether its inode was not seen under another name before.
    pub(crate) first: bool,
}

impl Entry<'_> {
    /// The path from the root on, for people.
    pub(crate) fn path(&self) -> String {
        show(&self.bytes())
    }

    fn bytes(&self) -> Vec<u8> {
        let mut names = vec![self.name];
        let mut at = self.dir;
        while let Some(dir) = self.dirs.get(at) {
            names.push(&dir.name);
            at = dir.parent;
        }
        names.reverse();
        // The root has no name.
        match names.join(&b'/') {
            path if path.is_empty() => b"/".to_vec(),
            path => path,
        }
    }
}

struct Dir {
    parent: usize,
    name: Box<[u8]>,
    path_len: usize,
}

struct Pending {
    dir: usize,
    name: Box<[u8]>,
    nid: u64,
}

/// A name in a directory, and the number of its node.
type Name = (Box<[u8]>, u64);

/// Visits every name in the order of a depth-first walk. A name whose inode cannot be read, or a
/// directory which cannot be read to its end, comes with its error, the latter for a second time.
pub(crate) fn walk(
    image: &Image,
    mut visit: impl FnMut(&Entry<'_>, cofs_core::Result<&Inode>) -> Result<()>,
) -> Result<()> {
    let sb = image.superblock();
    // Directories that are not compressed, and do not overlap, are no larger than the image.
    let mut room = image.stored().saturating_mul(4).saturating_add(16 << 20);
    let mut dirs: Vec<Dir> = Vec::new();
    let mut seen = HashSet::new();
    let mut pending = vec![Pending {
        dir: usize::MAX,
        name: Box::default(),
        nid: sb.root_nid(),
    }];
    while let Some(Pending { dir, name, nid }) = pending.pop() {
        let inode = image.inode(nid);
        let first = seen.insert(nid);
        let entry = Entry {
            dirs: &dirs,
            dir,
            name: &name,
            first,
        };
        visit(&entry, inode.as_ref().map_err(|&error| error))?;
        let Ok(inode) = inode else { continue };
        if inode.kind() != Kind::Directory || !first {
            continue;
        }
        let path_len = dirs.get(dir).map_or(0, |dir| dir.path_len) + name.len() + 1;
        let names = if path_len > MOST_PATH {
            Err(Error::NameTooLong)
        } else if inode.size() > room {
            Err(Error::Corrupt(
                "directories are larger than the image can hold",
            ))
        } else {
            room -= inode.size();
            Ok(list(image, &inode))
        };
        let (names, error) = match names {
            Ok(listed) => listed,
            Err(error) => (Vec::new(), Some(error)),
        };
        if let Some(error) = error {
            visit(&entry, Err(error))?;
        }
        let parent = dirs.len();
        dirs.push(Dir {
            parent: dir,
            name,
            path_len,
        });
        let below = names.into_iter().rev();
        pending.extend(below.map(|(name, nid)| Pending {
            dir: parent,
            name,
            nid,
        }));
    }
    Ok(())
}

/// The same, of the names whose inodes can be read. The others are faults.
pub(crate) fn walk_readable(
    image: &Image,
    faults: &mut Faults,
    mut visit: impl FnMut(&Entry<'_>, &Inode, &mut Faults) -> Result<()>,
) -> Result<()> {
    walk(image, |entry, inode| match inode {
        Ok(inode) => visit(entry, inode, faults),
        Err(error) => {
            faults.add(&entry.path(), text(error));
            Ok(())
        }
    })
}

/// The names of a directory, and why there are no more.
fn list(image: &Image, inode: &Inode) -> (Vec<Name>, Option<Error>) {
    let mut names = Vec::new();
    let mut bad = None;
    let content = image.content(inode);
    let read = readdir(&content, image.superblock(), inode.size(), 0, |entry| {
        if entry.name.iter().any(|byte| [0, b'/'].contains(byte)) {
            bad = Some(Error::Corrupt("a name has a slash or a zero byte in it"));
            return false;
        }
        if entry.name != b"." && entry.name != b".." {
            names.push((entry.name.into(), entry.nid));
        }
        true
    });
    (names, bad.or(read.err()))
}
