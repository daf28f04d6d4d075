// SPDX-License-Identifier: GPL-2.0
//! All names of an image, or those with fingerprints.

use cofs_core::{Inode, Kind};
use cofs_reader::Image;
use serde::Serialize;

use crate::failure::{text, Result};
use crate::fingerprint::{display, sha256_of, Fingerprints};
use crate::output::{hex, Faults, Output};
use crate::walk::walk_readable;

#[derive(Serialize)]
pub(super) struct Line {
    pub(super) path: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// In octal, as chmod(1) takes it.
    pub(super) mode: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) links: u32,
    pub(super) size: u64,
    pub(super) nid: u64,
    pub(super) mtime: i64,
    pub(super) fingerprint: Option<String>,
}

impl Line {
    pub(super) fn new(path: String, inode: &Inode, fingerprint: Option<Vec<u8>>) -> Self {
        Self {
            path,
            kind: match inode.kind() {
                Kind::Regular => "file",
                Kind::Directory => "directory",
                Kind::Symlink => "link",
                Kind::CharDevice => "char",
                Kind::BlockDevice => "block",
                Kind::Fifo => "fifo",
                Kind::Socket => "socket",
            },
            mode: format!("{:04o}", inode.mode() & 0o7777),
            uid: inode.uid(),
            gid: inode.gid(),
            links: inode.nlink(),
            size: inode.size(),
            nid: inode.nid(),
            mtime: inode.mtime().0,
            fingerprint: fingerprint.map(|value| display(&value)),
        }
    }
}

pub(super) fn list(
    image: &Image,
    fingerprints: &Fingerprints<'_>,
    json: bool,
    faults: &mut Faults,
    out: &mut Output,
) -> Result<()> {
    let mut all = Vec::new();
    walk_readable(image, faults, |entry, inode, faults| {
        let path = entry.path();
        let fingerprint = fingerprints.of(inode).unwrap_or_else(|error| {
            faults.add(&path, text(error));
            None
        });
        let line = Line::new(path, inode, fingerprint);
        if json {
            all.push(line);
            return Ok(());
        }
        // As many digits are enough to see what is equal.
        let short = line.fingerprint.as_deref().unwrap_or("-");
        out.line(format!(
            "{:<9} {} {:>5}:{:<5} {:>12} {:<16.16} {}",
            line.kind,
            line.mode,
            line.uid,
            line.gid,
            line.size,
            short.strip_prefix("sha256:").unwrap_or(short),
            line.path
        ))
    })?;
    if json {
        out.json(&all)?;
    }
    Ok(())
}

pub(super) fn fingerprints(
    image: &Image,
    fingerprints: &Fingerprints<'_>,
    json: bool,
    faults: &mut Faults,
    out: &mut Output,
) -> Result<()> {
    let mut all = Vec::new();
    walk_readable(image, faults, |entry, inode, faults| {
        let value = match fingerprints.of(inode) {
            Ok(Some(value)) => value,
            Ok(None) => return Ok(()),
            Err(error) => {
                faults.add(&entry.path(), text(error));
                return Ok(());
            }
        };
        if json {
            all.push(Line::new(entry.path(), inode, Some(value)));
            return Ok(());
        }
        let digits = sha256_of(&value).map_or_else(|| display(&value), |digest| hex(digest));
        out.line(format!("{digits}  {}", entry.path()))
    })?;
    if json {
        out.json(&all)?;
    }
    Ok(())
}
