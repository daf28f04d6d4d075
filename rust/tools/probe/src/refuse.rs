// SPDX-License-Identifier: GPL-2.0
//! Calls that a read-only filesystem must turn down or answer without data, and how it does.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    self, AtFlags, FallocateFlags, FileType, Gid, Mode, OFlags, SeekFrom, Timespec, Timestamps,
    Uid, XattrFlags, CWD,
};

use crate::error::outcome;
use crate::sys;
use crate::walk::Node;

/// "call path: outcome", for a fixed list of calls on the root, and on the first of each kind of
/// file that `nodes` has.
pub(crate) fn outcomes(root: &Path, nodes: &[Node]) -> Vec<String> {
    let mut lines = Vec::new();
    in_directory(root, &mut lines);
    for kind in [
        FileType::RegularFile,
        FileType::Directory,
        FileType::Symlink,
        FileType::Fifo,
    ] {
        let first = nodes.iter().find(|n| {
            let empty = kind == FileType::RegularFile && n.size == 0;
            n.kind == kind && !empty && !n.path.as_os_str().is_empty()
        });
        if let Some(node) = first {
            on_name(&root.join(&node.path), kind, &mut lines);
        }
    }
    lines
}

fn in_directory(dir: &Path, lines: &mut Vec<String>) {
    let mut say = |call: &str, result: String| lines.push(format!("{call}: {result}"));
    let new = dir.join("new-name");
    let mode = Mode::from_raw_mode(0o644);
    let create = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC;
    say("open O_CREAT", outcome(fs::open(&new, create, mode)));
    say(
        "open O_TMPFILE",
        outcome(fs::open(dir, OFlags::RDWR | OFlags::TMPFILE, mode)),
    );
    say("mkdir", outcome(fs::mkdir(&new, mode)));
    say(
        "mknod",
        outcome(fs::mknodat(CWD, &new, FileType::Fifo, mode, 0)),
    );
    say("symlink", outcome(fs::symlink("target", &new)));
    say("open absent", outcome(fs::open(&new, OFlags::RDONLY, mode)));
    say(
        "open long name",
        outcome(fs::open(dir.join("n".repeat(256)), OFlags::RDONLY, mode)),
    );
    say(
        "open 255 name",
        outcome(fs::open(dir.join("n".repeat(255)), OFlags::RDONLY, mode)),
    );
    let Ok(fd) = crate::walk::open_dir(dir) else {
        return;
    };
    say(
        "read directory",
        outcome(rustix::io::read(&fd, &mut [0u8; 16])),
    );
    say(
        "pread directory",
        outcome(rustix::io::pread(&fd, &mut [0u8; 16], 0)),
    );
    say(
        "mmap directory",
        outcome(sys::Map::new(fd.as_fd(), 0, sys::PAGE)),
    );
    say("fsync directory", outcome(fs::fsync(&fd)));
    say("syncfs", outcome(fs::syncfs(&fd)));
    say(
        "lseek far",
        outcome(fs::seek(&fd, SeekFrom::Start(1 << 40))),
    );
    say("getdents far", {
        let (found, error) = crate::walk::entries(&fd);
        format!("{} {error:?}", found.len())
    });
}

fn on_name(path: &Path, kind: FileType, lines: &mut Vec<String>) {
    let mut say = |call: &str, result: String| lines.push(format!("{call} {kind:?}: {result}"));
    let mode = Mode::from_raw_mode(0o600);
    let nofollow = AtFlags::SYMLINK_NOFOLLOW;
    let now = Timespec {
        tv_sec: 1,
        tv_nsec: 1,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    say("unlink", outcome(fs::unlink(path)));
    say("rmdir", outcome(fs::rmdir(path)));
    say(
        "rename",
        outcome(fs::rename(path, path.with_extension("renamed"))),
    );
    say(
        "link",
        outcome(fs::link(path, path.with_extension("linked"))),
    );
    say("chmod", outcome(fs::chmod(path, mode)));
    say(
        "chown",
        outcome(fs::chownat(
            CWD,
            path,
            Some(Uid::ROOT),
            Some(Gid::ROOT),
            nofollow,
        )),
    );
    say(
        "utimens",
        outcome(fs::utimensat(CWD, path, &times, nofollow)),
    );
    say("access W", outcome(fs::access(path, fs::Access::WRITE_OK)));
    say("access X", outcome(fs::access(path, fs::Access::EXEC_OK)));
    say(
        "below it",
        outcome(fs::open(path.join("below"), OFlags::RDONLY, mode)),
    );
    say("readlink", outcome(fs::readlink(path, Vec::new())));
    for prefix in ["user", "trusted", "security", "system", "bogus"] {
        let name = format!("{prefix}.absent");
        let mut value = [0u8; 64];
        say(
            &format!("getxattr {name}"),
            outcome(fs::lgetxattr(path, name.as_str(), &mut value[..])),
        );
        let set = fs::lsetxattr(path, name.as_str(), b"v", XattrFlags::empty());
        say(&format!("setxattr {name}"), outcome(set));
        say(
            &format!("removexattr {name}"),
            outcome(fs::lremovexattr(path, name.as_str())),
        );
    }
    say(
        "listxattr short",
        outcome(fs::llistxattr(path, &mut [0u8; 1][..])),
    );
    if kind == FileType::Symlink || kind == FileType::Fifo {
        return;
    }
    say("open O_RDWR", outcome(fs::open(path, OFlags::RDWR, mode)));
    say(
        "open O_TRUNC",
        outcome(fs::open(path, OFlags::WRONLY | OFlags::TRUNC, mode)),
    );
    if kind == FileType::RegularFile {
        on_file(path, &mut say);
    }
}

fn on_file(path: &Path, say: &mut dyn FnMut(&str, String)) {
    let Ok(fd) = fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) else {
        return;
    };
    say(
        "open O_DIRECTORY",
        outcome(fs::open(path, OFlags::DIRECTORY, Mode::empty())),
    );
    say("write", outcome(rustix::io::write(&fd, b"x")));
    say("pwrite", outcome(rustix::io::pwrite(&fd, b"x", 0)));
    say("ftruncate", outcome(fs::ftruncate(&fd, 0)));
    say(
        "fallocate",
        outcome(fs::fallocate(&fd, FallocateFlags::empty(), 0, 4096)),
    );
    say("fsync", outcome(fs::fsync(&fd)));
    say("fdatasync", outcome(fs::fdatasync(&fd)));
    say(
        "pread far",
        outcome(rustix::io::pread(&fd, &mut [0u8; 16], 1 << 62)),
    );
    say(
        "lseek negative",
        outcome(fs::seek(&fd, SeekFrom::Current(-1))),
    );
    say(
        "seek data far",
        outcome(fs::seek(&fd, SeekFrom::Data(1 << 61))),
    );
    say("map writable", outcome(sys::map_writable(fd.as_fd())));
    say(
        "ioctl unknown",
        outcome(sys::ioctl_number(fd.as_fd(), 0x7777, 0)),
    );
    say("bmap", outcome(sys::ioctl_number(fd.as_fd(), 0x7778, 0)));
    say(
        "lease",
        outcome(sys::fcntl_number(
            fd.as_fd(),
            libc::F_SETLEASE,
            libc::F_RDLCK,
        )),
    );
    say(
        "flock",
        outcome(fs::flock(&fd, fs::FlockOperation::NonBlockingLockShared)),
    );
    say("getdents", {
        let (found, error) = crate::walk::entries(&fd);
        format!("{} {error:?}", found.len())
    });
    say("copy_file_range", copy_out(&fd));
}

/// To another filesystem: the VFS refuses what the two do not share.
fn copy_out(fd: &OwnedFd) -> String {
    match sys::memory_file() {
        Ok(out) => outcome(fs::copy_file_range(fd, None, &out, None, 4096)),
        Err(e) => crate::error::name(e),
    }
}
