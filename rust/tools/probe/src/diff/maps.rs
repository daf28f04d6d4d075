// SPDX-License-Identifier: GPL-2.0
//! Where a file has data, and what its filesystem is called.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::SeekFrom;

use crate::content;
use crate::error::name;
use crate::sys;
use crate::walk;

/// The data and holes that lseek finds, in one line.
pub(super) fn holes(path: &Path) -> Vec<String> {
    let fd = match content::open(path) {
        Ok(fd) => fd,
        Err(e) => return vec![e],
    };
    let say = |r: rustix::io::Result<u64>| r.map_or_else(name, |at| at.to_string());
    let size = rustix::fs::seek(&fd, SeekFrom::End(0)).unwrap_or(0);
    let mut map = String::new();
    let mut at = 0;
    for _ in 0..64 {
        let data = rustix::fs::seek(&fd, SeekFrom::Data(at));
        let hole = rustix::fs::seek(&fd, SeekFrom::Hole(*data.as_ref().unwrap_or(&at)));
        if (data, hole) == (Ok(0), Ok(size)) {
            return vec!["all data".to_string()];
        }
        map.push_str(&format!("[{} {}]", say(data), say(hole)));
        match (data, hole) {
            (Ok(_), Ok(end)) => at = end,
            _ => break,
        }
    }
    vec![map]
}

pub(super) fn extents(path: &Path) -> Vec<String> {
    let map = content::open(path).map(|fd| sys::fiemap(fd.as_fd()));
    vec![match map {
        Ok(Ok(map)) => format!("{map:?}").replace(' ', ""),
        Ok(Err(e)) => name(e),
        Err(e) => e,
    }]
}

/// What FIBMAP says of the first blocks, and of some that do not exist.
pub(super) fn blocks(path: &Path) -> Vec<String> {
    const FIBMAP: u64 = 1;
    let Ok(fd) = content::open(path) else {
        return Vec::new();
    };
    [0, 1, 2, 7, 30, 300, i32::MAX, -1]
        .iter()
        .map(|block| (block, sys::ioctl_block(fd.as_fd(), FIBMAP, *block)))
        .map(|(block, answer)| {
            let answer = answer.map_or_else(name, |block| block.to_string());
            format!("{answer} at {block}")
        })
        .collect()
}

pub(super) fn label(dir: &Path) -> Vec<String> {
    let label = walk::open_dir(dir).and_then(|fd| sys::label(fd.as_fd()));
    vec![label.map_or_else(name, |l| format!("'{}'", l.escape_ascii()))]
}
