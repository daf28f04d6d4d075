// SPDX-License-Identifier: GPL-2.0
//! A tree with one of everything.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{makedev, mknodat, FileType, Mode, CWD};

use super::{own, put};
use crate::error::{Context, Result};
use crate::pattern::content;

/// Sizes around the edges of blocks, pages and inline tails.
const SIZES: &[usize] = &[
    0, 1, 31, 100, 511, 512, 513, 1023, 1024, 1025, 2047, 2049, 3900, 4032, 4064, 4090, 4095, 4096,
    4097, 5000, 8191, 8192, 8193, 12_345, 65_535, 65_536, 65_537, 131_073,
];

/// One of everything.
pub(super) fn base(dir: &Path) -> Result<()> {
    for (i, size) in SIZES.iter().enumerate() {
        put(dir.join(format!("sizes/{size}")), &content(i as u64, *size))?;
    }
    put(dir.join("data/large"), &content(100, 600_000))?;
    put(dir.join("data/zeroes"), &vec![0; 70_000])?;
    let linked = put(dir.join("data/linked"), &content(101, 5000))?;
    for name in ["link-1", "sub/link-2"] {
        let link = dir.join("data").join(name);
        fs::create_dir_all(link.parent().unwrap_or(dir)).what(|| "mkdir".into())?;
        fs::hard_link(&linked, &link).what(|| format!("link {}", link.display()))?;
    }
    links(dir)?;
    specials(dir)?;
    for (i, (uid, gid, mode)) in [
        (0, 0, 0o600),
        (1000, 1000, 0o640),
        (2000, 1000, 0o4755),
        (65_535, 65_536, 0o6777),
        (1000, 2000, 0o1644),
        (70_000, 80_000, 0o2711),
        (u32::MAX - 1, u32::MAX - 1, 0o000),
    ]
    .into_iter()
    .enumerate()
    {
        let file = put(dir.join(format!("owners/{i}")), b"owned\n")?;
        own(&file, uid, gid, mode)?;
        let sub = dir.join(format!("owners/dir-{i}"));
        fs::create_dir(&sub).what(|| "mkdir".into())?;
        put(sub.join("inside"), b"inside\n")?;
        own(&sub, uid, gid, mode | 0o1000)?;
    }
    super::attributes::attributes(&dir.join("xattr"))
}

pub(super) fn links(dir: &Path) -> Result<()> {
    let at = dir.join("symlinks");
    fs::create_dir_all(&at).what(|| "mkdir".into())?;
    let long: String = "component/".repeat(120);
    let targets = [
        "../sizes/100",
        "x",
        "/absolute/target",
        "loop",
        &"y".repeat(255),
        &long,
        &"z/".repeat(2047),
    ];
    for (i, target) in targets.iter().enumerate() {
        let name = if *target == "loop" {
            "loop".to_string()
        } else {
            format!("link-{i}")
        };
        symlink(target, at.join(name)).what(|| format!("symlink {i}"))?;
    }
    Ok(())
}

pub(super) fn specials(dir: &Path) -> Result<()> {
    let at = dir.join("special");
    fs::create_dir_all(&at).what(|| "mkdir".into())?;
    let mode = Mode::from_raw_mode(0o640);
    // Numbers without a driver, and null: opening them in a test does nothing.
    for (name, kind, device) in [
        ("fifo", FileType::Fifo, 0),
        ("socket", FileType::Socket, 0),
        ("null", FileType::CharacterDevice, makedev(1, 3)),
        (
            "char-large",
            FileType::CharacterDevice,
            makedev(300, 70_000),
        ),
        ("block-small", FileType::BlockDevice, makedev(250, 1)),
        (
            "block-large",
            FileType::BlockDevice,
            makedev(4000, 1_000_000),
        ),
        (
            "char-largest",
            FileType::CharacterDevice,
            makedev(0xfff, 0xf_ffff),
        ),
        ("whiteout", FileType::CharacterDevice, 0),
        ("block-zero", FileType::BlockDevice, 0),
    ] {
        mknodat(CWD, at.join(name), kind, mode, device).what(|| format!("mknod {name}"))?;
    }
    Ok(())
}
