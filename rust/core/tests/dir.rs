// SPDX-License-Identifier: GPL-2.0

//! Directories: search and iteration, in good blocks and bad.

mod common;

use cofs_core::{
    lookup,
    readdir,
    Error,
    Found,
    Result,
    SuperBlock, //
};
use common::{
    image::{
        dir_block,
        Image, //
    },
    pages::FilePages, //
};

/// The data of a directory with blocks of 512 bytes.
struct Dir {
    pages: FilePages,
    sb: SuperBlock,
    size: u64,
}

/// What `readdir` passed on: name, node number, type and position.
type Listed = Vec<(Vec<u8>, u64, u8, u64)>;

impl Dir {
    /// Each block but the last is padded with zeros.
    fn new(blocks: &[Vec<u8>]) -> Self {
        let mut bytes = Vec::new();
        for block in blocks {
            bytes.resize(bytes.len().next_multiple_of(512), 0);
            bytes.extend_from_slice(block);
        }
        Self {
            size: bytes.len() as u64,
            pages: FilePages::new(bytes),
            sb: Image::new(9).superblock().unwrap(),
        }
    }

    fn find(&self, name: &[u8]) -> Result<Option<u64>> {
        let found = lookup(&self.pages, &self.sb, self.size, name)?;
        Ok(found.map(|found| found.nid))
    }

    /// At most `count` entries from `pos`, and where to go on.
    fn list(&self, pos: u64, count: usize) -> (Listed, Result<u64>) {
        let mut listed = Vec::new();
        let next = readdir(&self.pages, &self.sb, self.size, pos, |entry| {
            if listed.len() == count {
                return false;
            }
            assert_eq!(entry.next_pos(), entry.pos + 12);
            let name = entry.name.to_vec();
            listed.push((name, entry.nid, entry.file_type, entry.pos));
            true
        });
        (listed, next)
    }

    fn error(&self) -> Error {
        self.list(0, usize::MAX).1.unwrap_err()
    }
}

/// A directory of many names over several blocks.
fn large() -> (Dir, Vec<Vec<u8>>) {
    let mut names: Vec<Vec<u8>> = (0..400)
        .map(|number| format!("name{:04}{}", number, "x".repeat(number % 13)).into_bytes())
        .collect();
    names.extend([
        b".".to_vec(),
        b"..".to_vec(),
        vec![0xff; 200],
        b"n".to_vec(),
    ]);
    names.sort();
    let mut blocks = Vec::new();
    let mut entries: Vec<(&[u8], u64, u8)> = Vec::new();
    let mut used = 0;
    for (nid, name) in names.iter().enumerate() {
        if used + 12 + name.len() > 512 {
            blocks.push(dir_block(&entries));
            entries.clear();
            used = 0;
        }
        used += 12 + name.len();
        entries.push((name, nid as u64, 1));
    }
    blocks.push(dir_block(&entries));
    assert!(blocks.len() > 10);
    (Dir::new(&blocks), names)
}

#[test]
fn finds_every_name_and_no_other() {
    let (dir, names) = large();
    for (nid, name) in names.iter().enumerate() {
        assert_eq!(dir.find(name), Ok(Some(nid as u64)), "{name:?}");
        let mut other = name.clone();
        other.push(b'!');
        assert_eq!(dir.find(&other), Ok(None), "{other:?}");
        other.truncate(name.len() - 1);
        let expected = names.iter().position(|name| *name == other);
        assert_eq!(dir.find(&other), Ok(expected.map(|nid| nid as u64)));
    }
    assert_eq!(dir.find(b"\x01"), Ok(None));
    assert_eq!(dir.find(&[0xff; 255]), Ok(None));
}

#[test]
fn search_is_logarithmic() {
    let (dir, names) = large();
    for name in &names {
        dir.pages.lent.set(0);
        dir.find(name).unwrap();
        assert!(dir.pages.lent.get() <= 6);
    }
}

#[test]
fn tells_the_type() {
    let dir = Dir::new(&[dir_block(&[(b".", 4, 2), (b"..", 5, 2), (b"link", 6, 7)])]);
    let found = lookup(&dir.pages, &dir.sb, dir.size, b"link");
    let expected = Found {
        nid: 6,
        file_type: 7,
    };
    assert_eq!(found, Ok(Some(expected)));
}

#[test]
fn an_empty_directory_has_no_names() {
    let dir = Dir::new(&[]);
    assert_eq!(dir.find(b"a"), Ok(None));
    assert_eq!(dir.list(0, 9), (vec![], Ok(0)));
}

#[test]
fn long_names() {
    let long = [b'l'; 255];
    let dir = Dir::new(&[dir_block(&[(&long, 9, 1)])]);
    assert_eq!(dir.find(&long), Ok(Some(9)));
    assert_eq!(dir.list(0, 9).0[0].0, long);
    assert_eq!(dir.find(&[b'l'; 256]), Err(Error::NameTooLong));
    let dir = Dir::new(&[dir_block(&[(&[b'l'; 256], 9, 1)])]);
    assert!(matches!(dir.error(), Error::Corrupt(_)));
}

#[test]
fn lists_everything_once() {
    let (dir, names) = large();
    let (all, next) = dir.list(0, usize::MAX);
    assert_eq!(next, Ok(dir.size));
    assert!(all.iter().map(|entry| &entry.0).eq(&names));
    // In pieces of any length, by the positions returned.
    for count in [1, 2, 7, 100] {
        let mut pos = 0;
        let mut pieces = Vec::new();
        while pos < dir.size {
            let (piece, next) = dir.list(pos, count);
            pieces.extend(piece);
            pos = next.unwrap();
        }
        assert_eq!(pieces, all);
    }
    // Behind an entry comes the next, and in the middle of one as well.
    for (before, after) in all.iter().zip(&all[1..]) {
        for pos in [before.3 + 12, before.3 + 1] {
            assert_eq!(dir.list(pos, 1).0[0], *after);
        }
    }
}

#[test]
fn positions_past_the_end_stay() {
    let (dir, _) = large();
    for pos in [dir.size, dir.size + 1, u64::MAX] {
        assert_eq!(dir.list(pos, 9), (vec![], Ok(pos)));
    }
}

#[test]
fn the_last_name_ends_with_the_directory_or_a_zero() {
    let mut block = dir_block(&[(b"a", 1, 1), (b"last", 2, 1)]);
    let dir = Dir::new(&[block.clone()]);
    assert_eq!(dir.list(0, 9).0[1].0, b"last");
    // What lies behind the directory's size does not count.
    let mut dir = Dir::new(&[[&block[..], b"junk"].concat()]);
    dir.size -= 4;
    assert_eq!(dir.list(0, 9).0[1].0, b"last");
    block.extend(b"\0junk");
    let dir = Dir::new(&[block]);
    assert_eq!(dir.list(0, 9).0[1].0, b"last");
    assert_eq!(dir.find(b"last"), Ok(Some(2)));
}

/// A block of three entries with one 16-bit `nameoff` changed.
fn with_nameoff(entry: usize, nameoff: u16) -> Dir {
    let mut block = dir_block(&[(b"aa", 1, 1), (b"bb", 2, 1), (b"cc", 3, 1)]);
    block[entry * 12 + 8..entry * 12 + 10].copy_from_slice(&nameoff.to_le_bytes());
    Dir::new(&[block])
}

#[test]
fn refuses_a_bad_first_nameoff() {
    for nameoff in [0, 1, 11, 13, 37, 512, 516, 65535] {
        let dir = with_nameoff(0, nameoff);
        assert!(matches!(dir.error(), Error::Corrupt(_)), "{nameoff}");
        // Wherever one starts in the block.
        assert_eq!(dir.list(12, 9).0, [], "{nameoff}");
    }
    // A search only needs an entry.
    for nameoff in [0, 11, 512, 1024] {
        let dir = with_nameoff(0, nameoff);
        assert!(matches!(dir.find(b"a"), Err(Error::Corrupt(_))));
    }
}

#[test]
fn refuses_bad_names() {
    // The third name starts at 40 and the directory ends at 42. What is in front of the bad name
    // is listed; a wrong start of one name is the end of the one before.
    for (entry, nameoff, listed) in [
        (1, 36, 0),
        (1, 35, 0),
        (1, 40, 1),
        (1, 41, 1),
        (1, 43, 0),
        (1, 65535, 0),
        (2, 38, 1),
        (2, 37, 1),
        (2, 42, 2),
        (2, 43, 1),
        (2, 511, 1),
        (2, 512, 1),
        (2, 65535, 1),
    ] {
        let dir = with_nameoff(entry, nameoff);
        let (names, next) = dir.list(0, 9);
        assert!(matches!(next, Err(Error::Corrupt(_))), "{entry} {nameoff}");
        assert_eq!(names.len(), listed, "{entry} {nameoff}");
        // Searching such a block finds something or nothing.
        for name in [&b"aa"[..], b"bb", b"cc", b"dd"] {
            dir.find(name).unwrap();
        }
    }
    // To stop in time is no error.
    assert_eq!(with_nameoff(2, 42).list(0, 0), (vec![], Ok(0)));
}

#[test]
fn a_hostile_size_is_no_loop() {
    let (dir, names) = large();
    let huge = i64::MAX as u64;
    for name in &names {
        dir.pages.lent.set(0);
        let found = lookup(&dir.pages, &dir.sb, huge, name);
        assert_eq!(found, Err(Error::IO));
        assert!(dir.pages.lent.get() <= 64);
    }
    let end = readdir(&dir.pages, &dir.sb, huge, 0, |_| true);
    assert!(end.is_err());
    let end = lookup(&dir.pages, &dir.sb, u64::MAX, b"a");
    assert!(matches!(end, Err(Error::Corrupt(_))));
}
