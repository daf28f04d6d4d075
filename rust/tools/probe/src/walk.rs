// SPDX-License-Identifier: GPL-2.0
//! What stat(2) and its relatives say about every name of a tree, one line each.

use std::ffi::{CString, OsStr, OsString};
use std::fmt::Write as _;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{openat, statx, AtFlags, FileType, Mode, OFlags, RawDir, StatxFlags, CWD};
use sha2::{Digest, Sha256};

use crate::error::{name, Context, Result};

/// More than any tree of the tests has; a damaged image may have loops.
const MOST_NAMES: usize = 50_000;

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

/// All names below `root`, in the order in which readdir gives them, parents first.
pub(crate) fn walk(root: &Path) -> Result<Vec<Node>> {
    let mut nodes = vec![node(root, Path::new(""))?];
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
        let dir = match open_dir(&root.join(&path)) {
            Ok(dir) => dir,
            Err(e) => {
                let _ = write!(nodes[next - 1].line, " open={}", name(e));
                continue;
            }
        };
        let (found, error) = entries(&dir);
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
                nodes.push(node(root, &path.join(entry.name))?);
            }
        }
    }
    Ok(nodes)
}

fn node(root: &Path, path: &Path) -> Result<Node> {
    let full = root.join(path);
    let mut line = show(path.as_os_str());
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    let st = match statx(CWD, &full, AtFlags::SYMLINK_NOFOLLOW, wanted) {
        Ok(st) => st,
        Err(e) => {
            let _ = write!(line, " statx={}", name(e));
            return Ok(Node {
                path: path.to_path_buf(),
                kind: FileType::Unknown,
                size: 0,
                line,
            });
        }
    };
    let kind = FileType::from_raw_mode(st.stx_mode.into());
    let _ = write!(
        line,
        " {:?} mode={:o} uid={} gid={} nlink={} size={} blocks={} blksize={} rdev={}:{} ino={}",
        kind,
        st.stx_mode,
        st.stx_uid,
        st.stx_gid,
        st.stx_nlink,
        st.stx_size,
        st.stx_blocks,
        st.stx_blksize,
        st.stx_rdev_major,
        st.stx_rdev_minor,
        st.stx_ino,
    );
    for (what, time) in [
        ("m", st.stx_mtime),
        ("c", st.stx_ctime),
        ("a", st.stx_atime),
    ] {
        let _ = write!(line, " {what}={}.{:09}", time.tv_sec, time.tv_nsec);
    }
    let _ = write!(
        line,
        " mask={:x} attributes={:x}",
        st.stx_mask,
        st.stx_attributes.bits()
    );
    if kind == FileType::Symlink {
        match rustix::fs::readlink(&full, Vec::new()) {
            Ok(target) => {
                let _ = write!(line, " -> {}", show(OsStr::from_bytes(target.as_bytes())));
            }
            Err(e) => {
                let _ = write!(line, " readlink={}", name(e));
            }
        }
    }
    line.push_str(&xattrs(&full));
    Ok(Node {
        path: path.to_path_buf(),
        kind,
        size: st.stx_size,
        line,
    })
}

/// Every attribute with its size and the head of its value's hash, in the order listed.
fn xattrs(path: &Path) -> String {
    let mut list = vec![0u8; 64 << 10];
    let len = match rustix::fs::llistxattr(path, &mut list[..]) {
        Ok(n) => n,
        Err(e) => return format!(" listxattr={}", name(e)),
    };
    let mut text = String::new();
    for attribute in list[..len].split(|b| *b == 0).filter(|n| !n.is_empty()) {
        let Ok(attribute) = CString::new(attribute) else {
            continue;
        };
        let mut value = vec![0u8; 64 << 10];
        let shown = match rustix::fs::lgetxattr(path, attribute.as_c_str(), &mut value[..]) {
            Ok(n) => format!("{n}:{}", digest(&value[..n])),
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
