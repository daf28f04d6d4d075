// SPDX-License-Identifier: GPL-2.0
//! The golden list of a source tree: what every file of its images must hold.
//!
//! A line for each name, its fields separated by tabs, the name last:
//!
//! ```text
//! d                               directory
//! l  TARGET                       symbolic link
//! f  SIZE  SHA-256  DIGESTS       file: 16 hexadecimal digits of XXH3 for each 4 KiB of it
//! o                               anything else
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_64;

use crate::trouble::{Context, Result, Trouble};

pub(crate) const PAGE: usize = 4096;

/// A regular file.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    digests: Vec<u64>,
}

/// A tree.
pub(crate) struct Golden {
    /// Those that are not empty.
    pub(crate) files: Vec<File>,
    /// The names in each directory.
    pub(crate) directories: Vec<(String, BTreeSet<String>)>,
    links: BTreeMap<String, String>,
    sizes: BTreeMap<String, u64>,
}

/// Prints the list of `tree`.
pub(crate) fn print(tree: &Path) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    print_below(tree, "", &mut out)?;
    out.flush().text(|| "write the list".into())
}

fn print_below(root: &Path, below: &str, out: &mut impl std::io::Write) -> Result<()> {
    let dir = root.join(below);
    let listed = fs::read_dir(&dir).text(|| format!("list {}", dir.display()))?;
    let mut names = BTreeSet::new();
    for entry in listed {
        let name = entry
            .text(|| format!("list {}", dir.display()))?
            .file_name();
        let name = name
            .into_string()
            .map_err(|n| format!("a name is no UTF-8: {n:?}"))?;
        names.insert(name);
    }
    for name in names {
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if path.contains(['\n', '\t']) {
            return Err(format!("a name has a tab or a line's end: {path:?}"));
        }
        let full = root.join(&path);
        let kind = fs::symlink_metadata(&full)
            .text(|| format!("stat {path}"))?
            .file_type();
        let line = if kind.is_dir() {
            format!("d\t{path}")
        } else if kind.is_symlink() {
            let target = fs::read_link(&full).text(|| format!("readlink {path}"))?;
            format!("l\t{}\t{path}", target.display())
        } else if kind.is_file() {
            let bytes = fs::read(&full).text(|| format!("read {path}"))?;
            let mut digests = String::with_capacity(bytes.len() / PAGE * 16 + 16);
            for page in bytes.chunks(PAGE) {
                let _ = write!(digests, "{:016x}", xxh3_64(page));
            }
            format!("f\t{}\t{}\t{digests}\t{path}", bytes.len(), sha256(&bytes))
        } else {
            format!("o\t{path}")
        };
        writeln!(out, "{line}").text(|| "write the list".into())?;
        if kind.is_dir() {
            print_below(root, &path, out)?;
        }
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

impl Golden {
    pub(crate) fn load(list: &Path) -> Result<Golden> {
        let text = fs::read_to_string(list).text(|| format!("read {}", list.display()))?;
        let mut golden = Golden {
            files: Vec::new(),
            directories: Vec::new(),
            links: BTreeMap::new(),
            sizes: BTreeMap::new(),
        };
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        names.insert(String::new(), BTreeSet::new());
        for line in text.lines() {
            let malformed = || format!("{}: '{line:.60}' is no line of a list", list.display());
            let (rest, path) = line.rsplit_once('\t').ok_or_else(malformed)?;
            let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
            names.entry(dir.into()).or_default().insert(name.into());
            match rest.split('\t').collect::<Vec<_>>()[..] {
                ["d"] => drop(names.entry(path.into()).or_default()),
                ["l", target] => drop(golden.links.insert(path.into(), target.into())),
                ["f", size, sha256, digests] => {
                    let size = size.parse().map_err(|_| malformed())?;
                    golden.sizes.insert(path.into(), size);
                    let digests = digests.as_bytes().chunks(16).map(|hex| {
                        let hex = std::str::from_utf8(hex).map_err(|_| malformed())?;
                        u64::from_str_radix(hex, 16).map_err(|_| malformed())
                    });
                    let file = File {
                        path: path.into(),
                        size,
                        sha256: sha256.into(),
                        digests: digests.collect::<Result<_>>()?,
                    };
                    if file.digests.len() as u64 != size.div_ceil(PAGE as u64) {
                        return Err(malformed());
                    }
                    if size > 0 {
                        golden.files.push(file);
                    }
                }
                ["o"] => {}
                _ => return Err(malformed()),
            }
        }
        if golden.files.is_empty() {
            return Err(format!("{}: no files", list.display()));
        }
        golden.directories = names.into_iter().collect();
        Ok(golden)
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The target of a symbolic link.
    pub(crate) fn link(&self, path: &str) -> Option<&String> {
        self.links.get(path)
    }

    /// The size of a regular file, empty ones too.
    pub(crate) fn size(&self, path: &str) -> Option<u64> {
        self.sizes.get(path).copied()
    }
}

impl File {
    /// How many pages it has.
    pub(crate) fn pages(&self) -> u64 {
        self.digests.len() as u64
    }

    /// The length in bytes of `count` pages from `first` on, which the last one may cut short.
    pub(crate) fn len(&self, first: u64, count: u64) -> usize {
        let end = ((first + count) * PAGE as u64).min(self.size);
        (end - first * PAGE as u64) as usize
    }

    /// Compares `bytes`, whole pages from `first` on up to the end of the file at most.
    pub(crate) fn check(
        &self,
        how: &str,
        first: u64,
        bytes: &[u8],
    ) -> std::result::Result<u64, Trouble> {
        let mut wrong = Vec::new();
        for (number, page) in (first..).zip(bytes.chunks(PAGE)) {
            let whole = page.len() == self.len(number, 1);
            if !whole || self.digests.get(number as usize) != Some(&xxh3_64(page)) {
                wrong.push((number, page.iter().all(|byte| *byte == 0)));
            }
        }
        let Some((number, zeros)) = wrong.first() else {
            return Ok(bytes.len() as u64);
        };
        Err(Trouble::Wrong(format!(
            "{}: {how}: {} of {} pages from {first} on, the first is {number}{}",
            self.path,
            wrong.len(),
            bytes.len().div_ceil(PAGE),
            if *zeros { ", zeros" } else { "" },
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree in a directory of its own, and its list.
    fn tree(name: &str) -> (std::path::PathBuf, Golden) {
        let dir = std::env::temp_dir().join(format!("stress-{}-{name}", std::process::id()));
        let root = dir.join("tree");
        fs::create_dir_all(root.join("below")).unwrap();
        fs::write(root.join("empty"), b"").unwrap();
        fs::write(root.join("below/file"), bytes()).unwrap();
        std::os::unix::fs::symlink("below/file", root.join("link")).unwrap();
        let mut list = Vec::new();
        print_below(&root, "", &mut list).unwrap();
        fs::write(dir.join("list"), list).unwrap();
        let golden = Golden::load(&dir.join("list")).unwrap();
        (dir, golden)
    }

    fn bytes() -> Vec<u8> {
        (0..2 * PAGE + 100).map(|i| (i / 7) as u8).collect()
    }

    #[test]
    fn a_list_knows_its_tree() {
        let (dir, golden) = tree("knows");
        assert_eq!(golden.link("link").map(String::as_str), Some("below/file"));
        assert_eq!(golden.size("empty"), Some(0));
        assert_eq!(golden.files.len(), 1);
        let names = &golden.directories[0].1;
        assert!(["below", "empty", "link"]
            .iter()
            .all(|name| names.contains(*name)));
        let file = golden.file("below/file").unwrap();
        assert_eq!((file.size, file.pages()), (bytes().len() as u64, 3));
        assert_eq!(
            (file.len(0, 3), file.len(1, 1), file.len(2, 5)),
            (bytes().len(), PAGE, 100)
        );
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_wrong_byte_anywhere_is_found() {
        let (dir, golden) = tree("finds");
        let file = golden.file("below/file").unwrap();
        assert!(matches!(file.check("test", 0, &bytes()), Ok(n) if n == file.size));
        assert!(file.check("test", 1, &bytes()[PAGE..]).is_ok());
        for at in [0, PAGE - 1, PAGE, 2 * PAGE, bytes().len() - 1] {
            let mut wrong = bytes();
            wrong[at] ^= 1;
            assert!(
                matches!(file.check("test", 0, &wrong), Err(Trouble::Wrong(_))),
                "byte {at}"
            );
        }
        // The right bytes at another place, a file that ends early, one that does not end.
        assert!(file.check("test", 0, &bytes()[PAGE..]).is_err());
        assert!(file
            .check("test", 2, &bytes()[2 * PAGE..2 * PAGE + 99])
            .is_err());
        assert!(file
            .check("test", 2, &[&bytes()[2 * PAGE..], &[0]].concat())
            .is_err());
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_broken_list_is_refused() {
        let dir = std::env::temp_dir().join(format!("stress-{}-broken", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        for text in [
            "",
            "f\t1\tx\t\tname\n",
            "f\t1\tx\tzzzzzzzzzzzzzzzz\tname\n",
            "x\tname\n",
        ] {
            fs::write(dir.join("list"), text).unwrap();
            assert!(Golden::load(&dir.join("list")).is_err(), "{text:?}");
        }
        fs::remove_dir_all(dir).unwrap();
    }
}
