// SPDX-License-Identifier: GPL-2.0
//! Source trees for the test images: every kind of file, made from seeds.

mod attributes;
mod base;
mod bench;
mod contents;
mod layers;
mod names;
mod pair;
mod share;
mod sizes;
mod special;

use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{
    lsetxattr, mknodat, utimensat, AtFlags, FileType, Gid, Mode, Timespec, Timestamps, Uid,
    XattrFlags, CWD,
};

use crate::error::{Context, Result};
use crate::pattern::{content, Random};

pub(crate) fn make(kind: &str, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).what(|| format!("mkdir {}", dir.display()))?;
    match kind {
        "base" => base::base(dir)?,
        "names" => names::names(dir)?,
        "crowd" => names::crowd(dir)?,
        "xattr" => attributes::attributes(dir)?,
        "sparse" => sizes::sparse(dir)?,
        "edges" => sizes::edges(dir)?,
        "large" => sizes::large(dir)?,
        "empty" => {}
        "text" => text(dir)?,
        "kinds" => contents::kinds(dir, 2 << 20)?,
        "kinds-small" => contents::kinds(dir, 50_000)?,
        "code" => contents::code(dir, 2 << 20)?,
        "code-small" => contents::code(dir, 200_000)?,
        "libraries" => contents::libraries(dir)?,
        "expanding" => contents::expanding(dir)?,
        "damage" => damage(dir)?,
        "damage-packed" => contents::damage(dir)?,
        "special" => special::special(dir)?,
        "share-a" => share::share(dir, 1)?,
        "share-b" => share::share(dir, 2)?,
        "pair-a" => pair::pair(dir, 1)?,
        "pair-b" => pair::pair(dir, 2)?,
        "stamped-c" => share::stamped(dir, 3)?,
        "stamped-d" => share::stamped(dir, 4)?,
        "layer-base" => layers::base(dir)?,
        "layer-above" => layers::above(dir, "trusted")?,
        "layer-user" => layers::above(dir, "user")?,
        "layer-metadata" => layers::metadata(dir)?,
        "layer-objects" => layers::objects(dir)?,
        "many-a" => bench::many(dir, 1)?,
        "many-b" => bench::many(dir, 2)?,
        "big-a" => bench::big(dir, 1)?,
        "big-b" => bench::big(dir, 2)?,
        _ => return Err(format!("unknown tree {kind}")),
    }
    stamp_times(dir, &mut Random::new(7))
}

fn put(path: PathBuf, bytes: &[u8]) -> Result<PathBuf> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).what(|| format!("mkdir {}", parent.display()))?;
    }
    fs::write(&path, bytes).what(|| format!("write {}", path.display()))?;
    Ok(path)
}

fn set(path: &Path, name: &str, value: &[u8]) -> Result<()> {
    lsetxattr(path, name, value, XattrFlags::empty())
        .what(|| format!("setxattr {name} on {}", path.display()))
}

fn own(path: &Path, uid: u32, gid: u32, mode: u32) -> Result<()> {
    let ids = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    rustix::fs::chownat(CWD, path, ids.0, ids.1, AtFlags::SYMLINK_NOFOLLOW)
        .what(|| format!("chown {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .what(|| format!("chmod {}", path.display()))
}

/// Some that compresses, some that does not, some too small to try.
fn text(dir: &Path) -> Result<()> {
    let line = b"a line that comes again and again, and compresses well\n";
    for i in 1..6usize {
        put(dir.join(format!("text/{i}")), &line.repeat(i * 2000))?;
        put(dir.join(format!("noise/{i}")), &content(i as u64, i * 9000))?;
        put(dir.join(format!("small/{i}")), &line[..i * 5])?;
    }
    base::links(dir)?;
    base::specials(dir)
}

/// Mostly metadata, so that a random change hits some.
fn damage(dir: &Path) -> Result<()> {
    for i in 0..24u64 {
        put(
            dir.join(format!("dir-{}/file-{i}", i % 3)),
            &content(i, 20 + 11 * i as usize),
        )?;
    }
    put(dir.join("chunks"), &content(40, 14_000))?;
    let file = put(dir.join("attributes"), b"attributes\n")?;
    set(&file, "user.a-rather-long-name", &content(41, 60))?;
    set(&file, "trusted.short", b"1")?;
    set(
        &dir.join("chunks"),
        "user.a-rather-long-name",
        &content(41, 60),
    )?;
    symlink("dir-1/file-1", dir.join("symlink")).what(|| "symlink".into())?;
    mknodat(
        CWD,
        dir.join("fifo"),
        FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .what(|| "mknod".into())
}

/// Gives every file of the tree a time of its own, children before their directory.
fn stamp_times(path: &Path, random: &mut Random) -> Result<()> {
    let meta = fs::symlink_metadata(path).what(|| format!("stat {}", path.display()))?;
    if meta.is_dir() {
        let listed = fs::read_dir(path).what(|| format!("list {}", path.display()))?;
        let mut children: Vec<PathBuf> = listed.flatten().map(|e| e.path()).collect();
        children.sort();
        for child in children {
            stamp_times(&child, random)?;
        }
    }
    // Some before 1970, some behind 2106.
    let second = match random.below(10) {
        0 => -(random.below(1 << 30) as i64),
        1 => (1 << 33) + random.below(1 << 20) as i64,
        _ => 1_600_000_000 + random.below(1 << 26) as i64,
    };
    let time = Timespec {
        tv_sec: second,
        tv_nsec: random.below(1_000_000_000) as i64,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)
        .what(|| format!("utimens {}", path.display()))
}
