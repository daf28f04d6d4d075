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
