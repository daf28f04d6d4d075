// SPDX-License-Identifier: GPL-2.0
//! A directory: its names, the sizes of its files, the targets of its links.

use std::collections::BTreeSet;
use std::path::Path;

use rustix::fs::{openat, readlinkat, statat, AtFlags, Dir, FileType, Mode, OFlags};

use super::State;
use crate::golden::{File, Golden};
use crate::slot;
use crate::trouble::{Context, Step, Trouble};

pub(super) fn names(state: &mut State, golden: &Golden, _: &File, dir: &Path) -> Step {
    let root = slot::root(dir)?;
    let (path, want) = &golden.directories[state.rng.usize(..golden.directories.len())];
    let here = if path.is_empty() { "." } else { path };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = openat(&root, here, flags, Mode::empty()).what(|| format!("open {here}"))?;
    let mut listed = Dir::read_from(&fd).what(|| format!("list {here}"))?;
    let mut names = BTreeSet::new();
    while let Some(entry) = listed.read() {
        let entry = entry.what(|| format!("getdents {here}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "." && name != ".." {
            names.insert(name);
        }
    }
    if names != *want {
        return Err(Trouble::Wrong(format!(
            "{here}: {} names, not {}",
            names.len(),
            want.len()
        )));
    }
    for name in want {
        let below = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}/{name}")
        };
        let stat = statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW).what(|| format!("stat {below}"))?;
        let size = golden.size(&below);
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if is_file != size.is_some() || size.is_some_and(|size| size != stat.st_size as u64) {
            return Err(Trouble::Wrong(format!(
                "{below}: mode {:o}, {} bytes",
                stat.st_mode, stat.st_size
            )));
        }
        if let Some(want) = golden.link(&below) {
            let target = readlinkat(&fd, name, Vec::new()).what(|| format!("readlink {below}"))?;
            if target.to_bytes() != want.as_bytes() {
                return Err(Trouble::Wrong(format!("{below} -> {target:?}")));
            }
        }
    }
    Ok(0)
}
