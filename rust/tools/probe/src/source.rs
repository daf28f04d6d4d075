// SPDX-License-Identifier: GPL-2.0
//! A source tree beside the image that was made of it: no filesystem between the two is believed.

use std::collections::BTreeSet;
use std::ffi::{CString, OsStr};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::FileType;

use crate::content::{open, pread_full};
use crate::error::{name, Context, Result};
use crate::manifest::ends;
use crate::mounting::Mounted;
use crate::walk::{digest, show, walk, Below, Node, Tree};

/// Of a file larger than this as much of either end is read.
const PIECE: u64 = 1 << 20;
/// Differences shown.
const SHOWN: usize = 8;

/// Prints a line for each name below `dir`, in order.
pub(crate) fn print(dir: &Path) -> Result<()> {
    describe(dir)?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Compares what `image` shows, mounted as `kind`, with the lines in the file `list`.
pub(crate) fn compare(kind: &str, image: &Path, list: &Path) -> Result<bool> {
    let mounted = Mounted::new(kind, "", image)?;
    let got = describe(&mounted.dir)?;
    let text = std::fs::read_to_string(list).what(|| format!("read {}", list.display()))?;
    let want: BTreeSet<String> = text.lines().map(str::to_string).collect();
    if want.is_empty() {
        return Err(format!("{} is empty", list.display()));
    }
    let only = |sign, one: &BTreeSet<String>, other: &BTreeSet<String>| {
        for line in one.difference(other).take(SHOWN) {
            println!("{sign}{line}");
        }
    };
    only('+', &got, &want);
    only('-', &want, &got);
    Ok(got == want)
}

fn describe(dir: &Path) -> Result<BTreeSet<String>> {
    let nodes = walk(dir)?;
    // The root's owner and times are those of whoever made the directory.
    Ok(nodes[1..].iter().map(|node| line(dir, node)).collect())
}

/// All that goes from a tree into an image: not inode numbers, not what a directory measures.
fn line(dir: &Path, node: &Node) -> String {
    let tree = Below(dir);
    let mut line = show(node.path.as_os_str());
    let st = match tree.stat(&node.path) {
        Ok(st) => st,
        Err(e) => return line + " statx=" + &name(e),
    };
    let (seconds, nanoseconds) = st.times[0];
    let _ = write!(
        line,
        " mode={:o} uid={} gid={} m={seconds}.{nanoseconds:09} rdev={}:{}",
        st.mode, st.uid, st.gid, st.device.0, st.device.1
    );
    if node.kind != FileType::Directory {
        let _ = write!(line, " nlink={} size={}", st.nlink, st.size);
    }
    if node.kind == FileType::Symlink {
        line += &match tree.target(&node.path) {
            Ok(target) => format!(" -> {}", show(OsStr::from_bytes(&target))),
            Err(e) => format!(" readlink={}", name(e)),
        };
    }
    if node.kind == FileType::RegularFile {
        line += &match open(&dir.join(&node.path)) {
            Ok(fd) => ends(st.size, PIECE, |at, bytes| pread_full(&fd, bytes, at)),
            Err(e) => format!(" {e}"),
        };
    }
    line + &attributes(&tree, &node.path)
}

/// By mkfs.erofs, empty, on directories that hold whiteouts.
const MARK: &[u8] = b"trusted.overlay.origin";

/// In the order of their names: the two filesystems list them in orders of their own.
fn attributes(tree: &dyn Tree, path: &Path) -> String {
    let list = match tree.attributes(path) {
        Ok(list) => list,
        Err(e) => return format!(" listxattr={}", name(e)),
    };
    let names: BTreeSet<&[u8]> = list
        .split(|b| *b == 0)
        .filter(|n| !n.is_empty() && *n != MARK)
        .collect();
    let mut text = String::new();
    for attribute in names {
        let value = CString::new(attribute)
            .ok()
            .and_then(|attribute| tree.attribute(path, &attribute).ok());
        let value = value.map_or("none".into(), |v| format!("{}:{}", v.len(), digest(&v)));
        let _ = write!(text, " {}={value}", attribute.escape_ascii());
    }
    text
}
