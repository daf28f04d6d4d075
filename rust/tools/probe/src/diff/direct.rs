// SPDX-License-Identifier: GPL-2.0
//! Reads around the page cache, at offsets and lengths that suit them and that do not.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{openat, FileType, Mode, OFlags, CWD};
use rustix::io::{pread, Errno, Result};

use crate::content;
use crate::error::{name, outcome};
use crate::sys::{self, PAGE};
use crate::walk::{self, Node};

/// So many files of a tree are read.
const SAMPLE: usize = 40;
/// At most so much of each.
const MOST: u64 = 1 << 18;

/// What both say. A file of which the reference knows no direct reads, as erofs of compressed ones
/// and of all in an image in a file, is read there through its cache: the bytes must be the same.
pub(super) fn differences(got: &Path, want: &Path, nodes: &[Node]) -> Vec<String> {
    let files = nodes.iter().filter(|n| n.kind == FileType::RegularFile);
    let files: Vec<&Node> = files.collect();
    let step = files.len().div_ceil(SAMPLE).max(1);
    let direct = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC;
    let mut found = Vec::new();
    for node in files.into_iter().step_by(step) {
        let (ours, theirs) = (got.join(&node.path), want.join(&node.path));
        let known = open(&theirs, direct).err() != Some(Errno::INVAL);
        let flags = if known {
            direct
        } else {
            direct - OFlags::DIRECT
        };
        let read = |root, flags| of_file(root, node, flags);
        // Where there are none every read is through the cache, aligned or not.
        found.extend(super::lines(&read(got, direct), &read(want, flags)));
        if known {
            found.extend(super::lines(&[set_flag(&ours)], &[set_flag(&theirs)]));
        }
    }
    found
}

fn open(path: &Path, flags: OFlags) -> Result<OwnedFd> {
    openat(CWD, path, flags, Mode::empty())
}

/// Asks for direct reads of a file that was opened without.
fn set_flag(path: &Path) -> String {
    let Ok(fd) = content::open(path) else {
        return "open failed".into();
    };
    let changed = sys::fcntl_number(fd.as_fd(), libc::F_SETFL, libc::O_DIRECT);
    format!("fcntl={}", outcome(changed))
}

fn of_file(root: &Path, node: &Node, flags: OFlags) -> Vec<String> {
    let (size, at) = (node.size, walk::show(node.path.as_os_str()));
    let fd = match open(&root.join(&node.path), flags) {
        Ok(fd) => fd,
        Err(e) => return vec![format!("{at} open={}", name(e))],
    };
    let mut lines = Vec::new();
    let page = PAGE as u64;
    let last = size.saturating_sub(1) & !(page - 1);
    for (offset, len, shift) in [
        (0, size.next_multiple_of(page).clamp(page, MOST), 0),
        (last, page, 0),
        (last, 4 * page, 0),
        (last + page, page, 0),
        (size & !511, page, 0),
        (page, 2 * page, 0),
        (0, 512, 0),
        (512, 512, 0),
        (1, 512, 0),
        (0, 511, 0),
        (0, page, 1),
        (0, page, 4),
        (0, page, 512),
        (0, 0, 0),
        (size, page, 0),
    ] {
        lines.push(format!(
            "{at} {len} at {offset}, memory {shift}: {}",
            read(&fd, offset, len as usize, shift)
        ));
    }
    lines
}

/// The digest of what is read to `shift` bytes behind the start of a page.
fn read(fd: &OwnedFd, offset: u64, len: usize, shift: usize) -> String {
    let mut memory = vec![0u8; len + shift + PAGE];
    let start = memory.as_ptr().align_offset(PAGE) + shift;
    match pread(fd, &mut memory[start..start + len], offset) {
        Ok(n) => format!("{n} {}", walk::digest(&memory[start..start + n])),
        Err(e) => name(e),
    }
}
