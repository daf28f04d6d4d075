// SPDX-License-Identifier: GPL-2.0
//! A few files of each kind, for images whose special inodes are then tampered with.

use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{makedev, mknodat, FileType, Mode, CWD};

use super::contents::words;
use super::{put, set};
use crate::error::{Context, Result};

pub(super) fn special(dir: &Path) -> Result<()> {
    let file = put(dir.join("words"), &words(1, 300_000))?;
    set(&file, "user.a-rather-long-name", b"1")?;
    put(dir.join("more"), &words(2, 40_000))?;
    put(dir.join("dir/inside"), &words(3, 9000))?;
    // Short enough for a symbolic link, long enough to be compressed.
    let target = put(dir.join("target"), &words(4, 3000))?;
    set(&target, "user.a-rather-different-name", b"2")?;
    symlink("words", dir.join("link")).what(|| "symlink".into())?;
    let mode = Mode::from_raw_mode(0o600);
    mknodat(
        CWD,
        dir.join("null"),
        FileType::CharacterDevice,
        mode,
        makedev(1, 3),
    )
    .what(|| "mknod".into())
}
