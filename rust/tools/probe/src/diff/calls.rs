// SPDX-License-Identifier: GPL-2.0
//! Ways to open, paths that lead astray, all that statx(2) tells, ioctls.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{openat, readlinkat, statat, statx, AtFlags, FileType, Mode, OFlags, StatxFlags};

use crate::error::{name, outcome};
use crate::sys;
use crate::walk::{self, Node};

/// So many names of a tree are asked for everything that statx(2) knows.
const SAMPLE: usize = 60;

const KINDS: [FileType; 7] = [
    FileType::RegularFile,
    FileType::Directory,
    FileType::Symlink,
    FileType::Fifo,
    FileType::Socket,
    FileType::CharacterDevice,
    FileType::BlockDevice,
];

/// Requests with the name they have in <linux/fs.h>, and whether what they write is compared.
const IOCTLS: &[(&str, u64, bool)] = &[
    ("FS_IOC_GETFLAGS", 0x8008_6601, true),
    ("FS_IOC_SETFLAGS", 0x4008_6602, false),
    ("FS_IOC_GETVERSION", 0x8008_7601, true),
    ("FS_IOC_FSGETXATTR", 0x801c_581f, true),
    ("FS_IOC_FSSETXATTR", 0x401c_5820, false),
    ("FIGETBSZ", 2, true),
    ("FIONREAD", 0x541b, true),
    ("FIOQSIZE", 0x5460, true),
    ("FITRIM", 0xc018_5879, false),
    ("FIDEDUPERANGE", 0xc018_9436, false),
    ("FS_IOC_GETFSLABEL", 0x8100_9431, true),
    ("FS_IOC_SETFSLABEL", 0x4100_9432, false),
    ("FS_IOC_GETFSUUID", 0x8011_1500, true),
    ("FS_IOC_GETFSSYSFSPATH", 0x8081_1501, false),
    ("FS_IOC_ENABLE_VERITY", 0x4080_6685, false),
    ("FS_IOC_MEASURE_VERITY", 0xc004_6686, false),
    ("FS_IOC_GET_ENCRYPTION_POLICY", 0x400c_6615, false),
    ("FS_IOC_RESVSP", 0x4030_5828, false),
    ("TCGETS", 0x5401, false),
];

pub(super) fn outcomes(root: &Path, nodes: &[Node]) -> Vec<String> {
    let Ok(dir) = walk::open_dir(root) else {
        return vec!["open failed".into()];
    };
    let mut lines = Vec::new();
    let firsts: Vec<&Node> = KINDS
        .iter()
        .filter_map(|k| nodes[1..].iter().find(|n| n.kind == *k))
        .collect();
    for node in &firsts {
        ways_to_open(&dir, node, &mut lines);
        let path = node.path.as_os_str().as_bytes();
        for behind in ["/", "/.", "/..", "/../..", "/x", "//x/", "/\n"] {
            along(&dir, &[path, behind.as_bytes()].concat(), &mut lines);
        }
        requests(&dir, node, &mut lines);
    }
    astray(&dir, &mut lines);
    let links = nodes.iter().filter(|n| n.kind == FileType::Symlink);
    for link in links.take(SAMPLE) {
        along(&dir, link.path.as_os_str().as_bytes(), &mut lines);
    }
    let step = nodes.len().div_ceil(SAMPLE);
    lines.extend(
        (firsts.into_iter())
            .chain(nodes.iter().step_by(step))
            .map(|node| all_of_statx(&dir, node)),
    );
    lines
}

fn ways_to_open(dir: &OwnedFd, node: &Node, lines: &mut Vec<String>) {
    // A device's driver would answer, and it does not know the filesystem.
    let device = matches!(node.kind, FileType::CharacterDevice | FileType::BlockDevice);
    let ways = [
        ("RDONLY", OFlags::RDONLY, !device),
        ("WRONLY", OFlags::WRONLY, !device),
        ("RDWR", OFlags::RDWR, !device),
        ("APPEND", OFlags::WRONLY | OFlags::APPEND, !device),
        ("TRUNC", OFlags::TRUNC, !device),
        ("NOATIME", OFlags::NOATIME, !device),
        ("SYNC", OFlags::SYNC, !device),
        ("NOFOLLOW", OFlags::NOFOLLOW, !device),
        ("CREATE", OFlags::CREATE, !device),
        ("CREATE RDWR", OFlags::CREATE | OFlags::RDWR, !device),
        ("CREATE EXCL", OFlags::CREATE | OFlags::EXCL, true),
        ("PATH", OFlags::PATH, true),
        ("PATH NOFOLLOW", OFlags::PATH | OFlags::NOFOLLOW, true),
        ("DIRECTORY", OFlags::DIRECTORY, true),
        ("DIRECTORY RDWR", OFlags::DIRECTORY | OFlags::RDWR, true),
        ("TMPFILE", OFlags::TMPFILE | OFlags::RDWR, true),
    ];
    for (way, flags, _) in ways.iter().filter(|(.., asked)| *asked) {
        let flags = *flags | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let opened = openat(dir, &node.path, flags, Mode::from_raw_mode(0o600));
        lines.push(format!("open {way} {:?}: {}", node.kind, outcome(opened)));
    }
}

/// Names and paths of no file, up to the longest and beyond.
fn astray(dir: &OwnedFd, lines: &mut Vec<String>) {
    for path in [
        b"".as_slice(),
        b".",
        b"..",
        b"./.",
        b"absent",
        b"absent/",
        b"absent/.",
        b"absent/..",
        b"a/b",
        b"\n",
        &[0xff; 255],
        &[0xff; 256],
        &b"./".repeat(2047),
        &b"./".repeat(2048),
        &[b"./".repeat(2046), vec![b'n'; 3]].concat(),
    ] {
        along(dir, path, lines);
    }
}

/// Where a path leads by the calls that follow one.
fn along(dir: &OwnedFd, path: &[u8], lines: &mut Vec<String>) {
    let path = OsStr::from_bytes(path);
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let target = readlinkat(dir, path, Vec::new()).map(|t| t.as_bytes().len());
    let shown = walk::show(path);
    lines.push(format!(
        "path {} {}: lstat={} stat={} open={} readlink={}",
        shown.len(),
        &shown[..shown.len().min(60)],
        outcome(statat(dir, path, AtFlags::SYMLINK_NOFOLLOW)),
        outcome(statat(dir, path, AtFlags::empty())),
        outcome(openat(dir, path, flags, Mode::empty())),
        target.map_or_else(name, |len| len.to_string()),
    ));
}

/// What is not in the tree's own lines; neither device nor mount is the same.
fn all_of_statx(dir: &OwnedFd, node: &Node) -> String {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    let st = match statx(
        dir,
        &node.path,
        flags,
        StatxFlags::from_bits_retain(0x7fff_ffff),
    ) {
        Ok(st) => st,
        Err(e) => return format!("statx {}", name(e)),
    };
    format!(
        "statx {:?} mask={:x} attributes={:x}/{:x} born={}.{} blksize={} dio={}:{}:{} subvol={} atomic={}:{}:{}:{}",
        node.kind,
        st.stx_mask,
        st.stx_attributes.bits(),
        st.stx_attributes_mask.bits(),
        st.stx_btime.tv_sec,
        st.stx_btime.tv_nsec,
        st.stx_blksize,
        st.stx_dio_mem_align,
        st.stx_dio_offset_align,
        st.stx_dio_read_offset_align,
        st.stx_subvol,
        st.stx_atomic_write_unit_min,
        st.stx_atomic_write_unit_max,
        st.stx_atomic_write_segments_max,
        st.stx_atomic_write_unit_max_opt,
    )
}

fn requests(dir: &OwnedFd, node: &Node, lines: &mut Vec<String>) {
    let kinds = [FileType::RegularFile, FileType::Directory];
    if !kinds.contains(&node.kind) {
        return;
    }
    let Ok(fd) = openat(
        dir,
        &node.path,
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    ) else {
        return;
    };
    for (request, number, compared) in IOCTLS {
        let answer = match sys::ioctl_answer(fd.as_fd(), *number) {
            Ok(bytes) if *compared => walk::digest(&bytes),
            other => outcome(other),
        };
        lines.push(format!("{request} {:?}: {answer}", node.kind));
    }
}
