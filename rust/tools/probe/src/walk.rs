// SPDX-License-Identifier: GPL-2.0
//! What stat(2) and its relatives say about every name of a tree, one line each.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt::Write as _;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{openat, statx, AtFlags, FileType, Mode, OFlags, RawDir, StatxFlags, CWD};
use rustix::io::{self, Errno};
use sha2::{Digest, Sha256};

use crate::error::{name, Context, Result};

/// More than any tree of the tests has; a damaged image may have loops.
pub(crate) const MOST_NAMES: usize = 50_000;

pub(crate) struct Node {
    /// Relative to the mount; empty for its root.
    pub(crate) path: PathBuf,
    pub(crate) kind: FileType,
    pub(crate) size: u64,
    pub(crate) line: String,
}

pub(crate) struct Dirent {
    pub(crate) name: OsString,
    pub(crate) kind: FileType,
    pub(crate) ino: u64,
    /// Where the next read after this entry starts.
    pub(crate) cookie: u64,
}

pub(crate) fn open_dir(path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty())
}

/// The entries from the directory's current position on, and the error that cut them short.
pub(crate) fn entries(dir: &OwnedFd) -> (Vec<Dirent>, Option<rustix::io::Errno>) {
    let mut buffer = vec![MaybeUninit::uninit(); 32 << 10];
    let mut raw = RawDir::new(dir, &mut buffer);
    let mut found = Vec::new();
    while let Some(entry) = raw.next() {
        match entry {
            Ok(e) => found.push(Dirent {
                name: OsString::from_vec(e.file_name().to_bytes().to_vec()),
                kind: e.file_type(),
                ino: e.ino(),
                cookie: e.next_entry_cookie(),
            }),
            Err(e) => return (found, Some(e)),
        }
        if found.len() > MOST_NAMES {
            break;
        }
    }
    (found, None)
}

/// What statx(2) says of one name.
pub(crate) struct Stat {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) nlink: u32,
    pub(crate) size: u64,
    pub(crate) blocks: u64,
    pub(crate) block_size: u32,
    pub(crate) device: (u32, u32),
    pub(crate) ino: u64,
    /// Of the last modification, change and access.
    pub(crate) times: [(i64, u32); 3],
    /// What only a kernel knows, in words.
    pub(crate) mount: String,
}

/// A tree that can be walked by path: a mount, or an image without one.
pub(crate) trait Tree {
    fn stat(&self, path: &Path) -> io::Result<Stat>;

    /// The entries of a directory, and the error that cut them short.
    fn list(&self, path: &Path) -> io::Result<(Vec<Dirent>, Option<Errno>)>;

    /// Where a symlink leads.
    fn target(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names of all attributes, each with a NUL behind it.
    fn attributes(&self, path: &Path) -> io::Result<Vec<u8>>;

    fn attribute(&self, path: &Path, name: &CStr) -> io::Result<Vec<u8>>;
}

/// The tree below a directory of this machine.
pub(crate) struct Below<'a>(pub(crate) &'a Path);

impl Tree for Below<'_> {
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        let st = statx(CWD, self.0.join(path), AtFlags::SYMLINK_NOFOLLOW, wanted)?;
        let times = [st.stx_mtime, st.stx_ctime, st.stx_atime];
        Ok(Stat {
            mode: st.stx_mode.into(),
            uid: st.stx_uid,
            gid: st.stx_gid,
            nlink: st.stx_nlink,
            size: st.stx_size,
            blocks: st.stx_blocks,
            block_size: st.stx_blksize,
            device: (st.stx_rdev_major, st.stx_rdev_minor),
            ino: st.stx_ino,
            times: times.map(|time| (time.tv_sec, time.tv_nsec)),
            mount: format!(
                " mask={:x} attributes={:x}",
                st.stx_mask,
                st.stx_attributes.bits()
            ),
        })
    }

    fn list(&self, path: &Path) -> io::Result<(Vec<Dirent>, Option<Errno>)> {
        Ok(entries(&open_dir(&self.0.join(path))?))
    }

    fn target(&self, path: &Path) -> io::Result<Vec<u8>> {
        let target = rustix::fs::readlink(self.0.join(path), Vec::new())?;
        Ok(target.into_bytes())
    }

    fn attributes(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut list = vec![0u8; 64 << 10];
        let len = rustix::fs::llistxattr(self.0.join(path), &mut list[..])?;
        list.truncate(len);
        Ok(list)
    }

    fn attribute(&self, path: &Path, name: &CStr) -> io::Result<Vec<u8>> {
        let mut value = vec![0u8; 64 << 10];
        let len = rustix::fs::lgetxattr(self.0.join(path), name, &mut value[..])?;
        value.truncate(len);
        Ok(value)
    }
}

/// All names below `root`, in the order in which readdir gives them, parents first.
pub(crate) fn walk(root: &Path) -> Result<Vec<Node>> {
    Ok(walk_tree(&Below(root)))
}

/// The same of any tree.
pub(crate) fn walk_tree(tree: &dyn Tree) -> Vec<Node> {
    let mut nodes = vec![node(tree, Path::new(""))];
    let mut next = 0;
    while next < nodes.len() && nodes.len() < MOST_NAMES {
        let (path, kind, depth) = {
            let n = &nodes[next];
            (n.path.clone(), n.kind, n.path.components().count())
        };
        next += 1;
        // PATH_MAX ends a walk that damage made endless.
        if kind != FileType::Directory || depth > 200 || path.as_os_str().len() > 3500 {
            continue;
        }
        let (found, error) = match tree.list(&path) {
            Ok(listed) => listed,
            Err(e) => {
                let _ = write!(nodes[next - 1].line, " open={}", name(e));
                continue;
            }
        };
        let mut order = String::new();
        for entry in &found {
            let _ = write!(
                order,
                " {}:{:?}:{}",
                show(&entry.name),
                entry.kind,
                entry.ino
            );
        }
        let _ = write!(
            nodes[next - 1].line,
            " entries={} [{}]",
            found.len(),
            digest(order.as_bytes())
        );
        if let Some(e) = error {
            let _ = write!(nodes[next - 1].line, " readdir={}", name(e));
        }
        for entry in found {
            // Damage makes empty names, and those lead back to the directory itself.
            if entry.name != "." && entry.name != ".." && !entry.name.is_empty() {
                nodes.push(node(tree, &path.join(entry.name)));
            }
        }
    }
    nodes
}

fn node(tree: &dyn Tree, path: &Path) -> Node {
    let mut line = show(path.as_os_str());
    let st = match tree.stat(path) {
        Ok(st) => st,
        Err(e) => {
            let _ = write!(line, " statx={}", name(e));
            return Node {
                path: path.to_path_buf(),
                kind: FileType::Unknown,
                size: 0,
                line,
            };
        }
    };
    let kind = FileType::from_raw_mode(st.mode);
    let _ = write!(
        line,
        " {:?} mode={:o} uid={} gid={} nlink={} size={} blocks={} blksize={} rdev={}:{} ino={}",
        kind,
        st.mode,
        st.uid,
        st.gid,
        st.nlink,
        st.size,
        st.blocks,
        st.block_size,
        st.device.0,
        st.device.1,
        st.ino,
    );
    for (what, (seconds, nanoseconds)) in ["m", "c", "a"].into_iter().zip(st.times) {
        let _ = write!(line, " {what}={seconds}.{nanoseconds:09}");
    }
    line.push_str(&st.mount);
    if kind == FileType::Symlink {
        match tree.target(path) {
            Ok(target) => {
                let _ = write!(line, " -> {}", show(OsStr::from_bytes(&target)));
            }
            Err(e) => {
                let _ = write!(line, " readlink={}", name(e));
            }
        }
    }
    line.push_str(&xattrs(tree, path));
    Node {
        path: path.to_path_buf(),
        kind,
        size: st.size,
        line,
    }
}

/// Every attribute with its size and the head of its value's hash, in the order listed.
fn xattrs(tree: &dyn Tree, path: &Path) -> String {
    let list = match tree.attributes(path) {
        Ok(list) => list,
        Err(e) => return format!(" listxattr={}", name(e)),
    };
    let mut text = String::new();
    for attribute in list.split(|b| *b == 0).filter(|n| !n.is_empty()) {
        let Ok(attribute) = CString::new(attribute) else {
            continue;
        };
        let shown = match tree.attribute(path, &attribute) {
            Ok(value) => format!("{}:{}", value.len(), digest(&value)),
            Err(e) => name(e),
        };
        let _ = write!(text, " {}={shown}", attribute.to_string_lossy());
    }
    text
}

/// The first eight bytes of the SHA-256, in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let head = hash[..8]
        .iter()
        .fold(0u64, |head, b| (head << 8) | u64::from(*b));
    format!("{head:016x}")
}

/// A name with everything that could break a line escaped.
pub(crate) fn show(name: &OsStr) -> String {
    if name.is_empty() {
        return ".".to_string();
    }
    name.as_bytes().escape_ascii().to_string()
}

pub(crate) fn statfs(root: &Path) -> Result<String> {
    let s = rustix::fs::statfs(root).what(|| format!("statfs {}", root.display()))?;
    let v = rustix::fs::statvfs(root).what(|| format!("statvfs {}", root.display()))?;
    Ok(format!(
        "statfs type={:x} bsize={} frsize={} blocks={} bfree={} bavail={} files={} ffree={} namelen={} flags={:x}",
        s.f_type, s.f_bsize, v.f_frsize, s.f_blocks, s.f_bfree, s.f_bavail, s.f_files, s.f_ffree,
        s.f_namelen, v.f_flag.bits(),
    ))
}
