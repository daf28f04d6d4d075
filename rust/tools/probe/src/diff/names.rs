// SPDX-License-Identifier: GPL-2.0
//! Directories: what is found in them, and from where reading one goes on.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{AtFlags, RawDir, SeekFrom};

use crate::error::{name, outcome};
use crate::pattern::Random;
use crate::walk::{self, Dirent};

/// Names beside and between the present ones: binary search has its edges there.
pub(super) fn absent(dir: &Path) -> Vec<String> {
    let Ok(fd) = walk::open_dir(dir) else {
        return vec!["open failed".into()];
    };
    let (found, _) = walk::entries(&fd);
    let present: HashSet<&OsString> = found.iter().map(|e| &e.name).collect();
    let step = found.len().div_ceil(64).max(1);
    let mut names: Vec<Vec<u8>> = vec![vec![1], vec![0xff; 255], vec![0xff; 256], b"m".to_vec()];
    for entry in found.iter().step_by(step) {
        let bytes = entry.name.as_bytes();
        names.push([bytes, b"\x01"].concat());
        names.push([bytes, b"~"].concat());
        names.push([bytes, b"\xff"].concat());
        names.push(bytes[..bytes.len() - 1].to_vec());
        let mut changed = bytes.to_vec();
        changed[0] ^= 1;
        names.push(changed);
        names.push(bytes.to_vec());
    }
    let valid = |n: &Vec<u8>| !n.is_empty() && !n.contains(&b'/') && !n.contains(&0);
    names
        .into_iter()
        .filter(valid)
        .map(|n| {
            let name = OsString::from_vec(n);
            let there = present.contains(&name);
            let result = outcome(rustix::fs::statat(&fd, &name, AtFlags::SYMLINK_NOFOLLOW));
            format!("{} {there} {result}", walk::show(&name))
        })
        .collect()
}

/// From the cookie of any entry, readdir goes on with exactly the entries behind it.
pub(super) fn cookies(dir: &Path) -> Vec<String> {
    let Ok(fd) = walk::open_dir(dir) else {
        return vec!["open failed".into()];
    };
    let (all, error) = walk::entries(&fd);
    if let Some(e) = error {
        return vec![format!("readdir: {}", name(e))];
    }
    let mut found = Vec::new();
    let mut random = Random::new(all.len() as u64);
    let few = all.len() <= 40;
    let picks = if few { all.len() } else { 40 };
    for pick in 0..picks {
        let i = if few {
            pick
        } else {
            random.below(all.len() as u64) as usize
        };
        if let Err(e) = rustix::fs::seek(&fd, SeekFrom::Start(all[i].cookie)) {
            found.push(format!("seekdir {}: {}", all[i].cookie, name(e)));
            continue;
        }
        let (rest, _) = walk::entries(&fd);
        if !equal(&rest, &all[i + 1..]) {
            found.push(format!(
                "after entry {i}: {} entries, not {}",
                rest.len(),
                all.len() - i - 1
            ));
        }
    }
    found
}

fn equal(one: &[Dirent], other: &[Dirent]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b)| a.name == b.name && a.cookie == b.cookie)
}

/// The cookies themselves; what follows positions that no entry has; reads with room for one
/// entry, and for none.
pub(super) fn positions(dir: &Path) -> Vec<String> {
    let Ok(fd) = walk::open_dir(dir) else {
        return vec!["open failed".into()];
    };
    let (all, _) = walk::entries(&fd);
    let cookies: Vec<u8> = all.iter().flat_map(|e| e.cookie.to_le_bytes()).collect();
    let mut lines = vec![format!("cookies {}", walk::digest(&cookies))];
    let end = all.last().map_or(0, |e| e.cookie);
    let mut random = Random::new(end);
    let seeded = (0..6).map(|_| random.below(end.max(1)));
    for at in seeded.chain([1, end, end + 1, end + 4096, 1 << 40]) {
        lines.push(match rustix::fs::seek(&fd, SeekFrom::Start(at)) {
            Ok(_) => format!("at {at}: {}", from_here(&fd)),
            Err(e) => format!("at {at}: {}", name(e)),
        });
    }
    for room in [24, 300] {
        let mut buffer = vec![MaybeUninit::uninit(); room];
        let _ = rustix::fs::seek(&fd, SeekFrom::Start(0));
        let mut raw = RawDir::new(&fd, &mut buffer);
        let (mut count, mut bytes) = (0, 0);
        lines.push(loop {
            match raw.next() {
                Some(Ok(e)) => {
                    count += 1;
                    bytes += e.file_name().to_bytes().len();
                }
                Some(Err(e)) => break format!("room {room}: {count} {bytes} {}", name(e)),
                None => break format!("room {room}: {count} {bytes}"),
            }
            if count > 600 {
                break format!("room {room}: {bytes}");
            }
        });
    }
    lines
}

fn from_here(fd: &OwnedFd) -> String {
    let (rest, error) = walk::entries(fd);
    let first = rest.first().map_or(OsStr::new("none"), |e| &e.name);
    format!("{} entries, {}, {error:?}", rest.len(), walk::show(first))
}
