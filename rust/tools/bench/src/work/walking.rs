// SPDX-License-Identifier: GPL-2.0

//! `ls -lR`: names, attributes and ACLs of a whole tree, in one process.

use std::path::{Path, PathBuf};

use rustix::fs::{lgetxattr, lstat, readlink, FileType};
use rustix::io::Errno;

use super::{count, Bench, INSTRUCTION};
use crate::contender::Mounted;
use crate::machine;
use crate::Result;

/// What ls(1) does for an entry: lstat, readlink, and a look for an ACL.
fn look(path: &Path) -> Result<FileType> {
    let kind = FileType::from_raw_mode(lstat(path)?.st_mode);
    if kind == FileType::Symlink {
        readlink(path, Vec::new())?;
        return Ok(kind);
    }
    let mut acl = [0u8; 512];
    match lgetxattr(path, "system.posix_acl_access", &mut acl[..]) {
        Ok(_) | Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(kind),
        Err(e) => Err(format!("{}: {e}", path.display()).into()),
    }
}

/// Looks at the whole tree below `root`, and says how many entries it has.
pub(super) fn list_all(root: PathBuf) -> Result<u64> {
    let mut entries = 0;
    let mut directories = vec![root];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            entries += 1;
            if look(&path)? == FileType::Directory {
                directories.push(path);
            }
        }
    }
    Ok(entries)
}

/// Cold, then warm; and what stays in memory.
pub(super) fn list(bench: &mut Bench<'_>) -> Result<()> {
    let image = Mounted::new(bench.contender, bench.a)?;
    machine::settle()?;
    let objects = machine::objects(&["inode", "dentry"])?;
    let pages = machine::page_cache()?;
    let mut entries = 0;
    let cold = count(|| {
        entries = list_all(image.path(""))?;
        Ok(())
    })?;
    bench.note("cold", INSTRUCTION, cold);
    let grown = machine::objects(&["inode", "dentry"])?.saturating_sub(objects);
    bench.note("inodes and dentries", "objects", grown as f64);
    let grown = machine::page_cache()?.saturating_sub(pages);
    bench.note("metadata", "KiB", grown as f64);
    let warm = count(|| list_all(image.path("")).map(drop))?;
    bench.note("warm", INSTRUCTION, warm);
    image.unmount()?;
    if entries < 20_000 {
        return Err(format!("{entries} entries are too few").into());
    }
    Ok(())
}

/// The same of a root as containers have it, cold, then warm.
pub(super) fn walk(bench: &mut Bench<'_>) -> Result<()> {
    let image = Mounted::new(bench.contender, bench.a)?;
    machine::settle()?;
    for part in ["cold", "warm"] {
        let value = count(|| list_all(image.path("")).map(drop))?;
        bench.note(part, INSTRUCTION, value);
    }
    image.unmount()
}
