// SPDX-License-Identifier: GPL-2.0
//! Fingerprints as attributes of the files of a tree.

use std::collections::HashSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{fgetxattr, fsetxattr, OFlags, XattrFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::Done;
use crate::failure::{Failure, Result};
use crate::fingerprint::by_sha256;

/// Stamps the regular files below `top` that are not empty.
pub(super) fn stamp(top: &Path, name: &str, done: &mut Done) -> Result<()> {
    let mut linked = HashSet::new();
    let mut pending = vec![top.to_path_buf()];
    while let Some(dir) = pending.pop() {
        let failed = |error| Failure::of(dir.display(), error);
        for entry in fs::read_dir(&dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let failed = |error| Failure::of(path.display(), error);
            let metadata = entry.metadata().map_err(failed)?;
            if metadata.is_dir() {
                pending.push(path);
                continue;
            }
            if !metadata.is_file() || metadata.len() == 0 {
                continue;
            }
            let many = metadata.nlink() > 1;
            if !many || linked.insert((metadata.dev(), metadata.ino())) {
                file(&path, name, done)?;
            }
        }
    }
    Ok(())
}

fn file(path: &PathBuf, name: &str, done: &mut Done) -> Result<()> {
    let failed = |error: io::Error| Failure::of(path.display(), error);
    let mut file = OpenOptions::new()
        .read(true)
        // It may have become something else meanwhile.
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
        .open(path)
        .map_err(failed)?;
    let before = file.metadata().map_err(failed)?;
    let digest = digest(&mut file, done).map_err(failed)?;
    let after = file.metadata().map_err(failed)?;
    let state = |metadata: &Metadata| (metadata.len(), metadata.mtime(), metadata.mtime_nsec());
    if state(&before) != state(&after) {
        return Err(Failure::of(path.display(), "changed while it was read"));
    }
    done.files += 1;
    let value = by_sha256(digest);
    let mut old = [0; 64];
    // So that stamping once more leaves the file as it is.
    if fgetxattr(&file, name, &mut old[..]).is_ok_and(|len| old[..len] == value) {
        done.right += 1;
        return Ok(());
    }
    fsetxattr(&file, name, &value, XattrFlags::empty()).map_err(|error| match error {
        Errno::PERM => Failure::of(
            path.display(),
            format!("may not set {name}: run as root, or choose another with --xattr"),
        ),
        Errno::OPNOTSUPP => Failure::of(
            path.display(),
            format!("its file system has no {name}: stamp an archive instead"),
        ),
        error => Failure::of(path.display(), error),
    })
}

fn digest(file: &mut File, done: &mut Done) -> io::Result<Sha256> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        let len = file.read(&mut piece)?;
        if len == 0 {
            return Ok(hasher);
        }
        hasher.update(&piece[..len]);
        done.read(len as u64);
    }
}
