// SPDX-License-Identifier: GPL-2.0
//! What the kernel says of cofs: the numbers of `/sys/fs/cofs`, and where the images are mounted.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::output::show;

/// The file of a mount that names its domain.
const DOMAIN: &str = "domain";

/// Files by their names, those that have a number.
pub(crate) type Numbers = BTreeMap<String, i64>;

/// An image that is mounted.
#[derive(Debug, Serialize)]
pub(crate) struct Mount {
    /// The directory below `/sys/fs/cofs`.
    pub(crate) disk: String,
    /// Where it is mounted, as far as it can be seen from here.
    pub(crate) directories: Vec<String>,
    /// The same, with the device number there, to be opened.
    #[serde(skip)]
    pub(crate) paths: Vec<(PathBuf, u64)>,
    /// What the kernel calls the domain that it shares in. Only root sees it.
    pub(crate) domain: Option<String>,
    /// On what grounds: `claim` or `verify`, or `none`.
    pub(crate) share: Option<String>,
    pub(crate) numbers: Numbers,
}

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Kernel {
    pub(crate) page_size: u64,
    pub(crate) numbers: Numbers,
    pub(crate) mounts: Vec<Mount>,
}

impl Kernel {
    /// Reads it below `root`, which is `/`. `None` where the module is not loaded.
    pub(crate) fn read(root: &Path) -> Result<Option<Self>> {
        let top = root.join("sys/fs/cofs");
        let Some(numbers) = numbers(&top)? else {
            return Ok(None);
        };
        let mounted = mounted(root)?;
        let mut mounts = Vec::new();
        for name in names(&top)? {
            let path = top.join(&name);
            if name == "features" || !path.is_dir() {
                continue;
            }
            // One that is unmounted meanwhile is gone.
            let Some(numbers) = self::numbers(&path)? else {
                continue;
            };
            let disk = show(name.as_encoded_bytes());
            let paths = mounted.get(&disk).cloned().unwrap_or_default();
            let text = |name| {
                let text = fs::read(path.join(name)).ok()?;
                Some(show(text.trim_ascii_end()))
            };
            mounts.push(Mount {
                directories: paths.iter().map(|(path, _)| shown(path)).collect(),
                paths,
                domain: text(DOMAIN).filter(|name| name != "none"),
                share: text("share"),
                disk,
                numbers,
            });
        }
        mounts.sort_by(|a, b| a.disk.cmp(&b.disk));
        Ok(Some(Self {
            page_size: rustix::param::page_size() as u64,
            numbers,
            mounts,
        }))
    }

    /// A number, or nothing where this kernel module has none such.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.numbers
            .get(name)
            .and_then(|&number| number.try_into().ok())
    }
}

fn names(dir: &Path) -> Result<Vec<OsString>> {
    let failed = |error| Failure::of(dir.display(), error);
    let entries = fs::read_dir(dir).map_err(failed)?;
    entries
        .map(|entry| entry.map(|entry| entry.file_name()).map_err(failed))
        .collect()
}

/// The files of a directory that have a number in them; `None` where there is no such directory.
fn numbers(dir: &Path) -> Result<Option<Numbers>> {
    if !dir.exists() {
        return Ok(None);
    }
    let mut numbers = Numbers::new();
    for name in names(dir)? {
        let path = dir.join(&name);
        // What names a domain may look like a number.
        if name == DOMAIN {
            continue;
        }
        // Directories, files that are only written, and what has just been unmounted.
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        if let Ok(number) = text.trim_end().parse() {
            numbers.insert(show(name.as_encoded_bytes()), number);
        }
    }
    Ok(Some(numbers))
}

fn shown(path: &Path) -> String {
    show(path.as_os_str().as_encoded_bytes())
}

/// The directories that each image is mounted on and their device numbers, by its name below
/// `/sys/fs/cofs`.
fn mounted(root: &Path) -> Result<BTreeMap<String, Vec<(PathBuf, u64)>>> {
    let path = root.join("proc/self/mountinfo");
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|error| Failure::of(path.display(), error))?,
    };
    let fsname = fs::read(root.join("sys/module/cofs/parameters/fsname"));
    let fsname = fsname.unwrap_or_else(|_| b"cofs".to_vec());
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for line in text.split(|&byte| byte == b'\n') {
        let words: Vec<_> = line.split(|&byte| byte == b' ').collect();
        // Optional fields end with a dash; then comes the type.
        let kind = words.iter().position(|word| word == b"-");
        let kind = kind.and_then(|at| words.get(at + 1)).copied();
        let (Some(number), Some(dir), Some(kind)) = (words.get(2), words.get(4), kind) else {
            continue;
        };
        if kind != fsname.trim_ascii_end() {
            continue;
        }
        let number = show(number);
        let (Some(dev), dir) = (device(&number), OsString::from_vec(plain(dir))) else {
            continue;
        };
        let device = root.join("sys/dev/block").join(&number);
        let disk = fs::read_link(device).ok().and_then(|link| {
            let name = link.file_name()?;
            Some(show(name.as_encoded_bytes()))
        });
        let dirs = found.entry(disk.unwrap_or(number)).or_default();
        dirs.push((dir.into(), dev));
    }
    Ok(found)
}

/// `MAJOR:MINOR` as stat(2) has it.
fn device(number: &str) -> Option<u64> {
    let (major, minor) = number.split_once(':')?;
    Some(rustix::fs::makedev(
        major.parse().ok()?,
        minor.parse().ok()?,
    ))
}

/// A path of mountinfo, where some bytes are three octal digits.
fn plain(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [first, rest @ ..] = text {
        let digits = rest.get(..3).filter(|_| *first == b'\\');
        let code = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|code| u8::from_str_radix(code, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                text = &rest[3..];
            }
            None => {
                bytes.push(*first);
                text = rest;
            }
        }
    }
    bytes
}

/// Where to look.
pub(crate) fn root(root: Option<&PathBuf>) -> PathBuf {
    root.cloned()
        .unwrap_or_else(|| OsString::from_vec(b"/".to_vec()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_mountinfo() {
        assert_eq!(plain(b"/a\\040b\\134c\\x"), b"/a b\\c\\x");
        assert_eq!(plain(b"/end\\04"), b"/end\\04");
    }
}
