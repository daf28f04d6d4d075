// SPDX-License-Identifier: GPL-2.0
//! Extended attributes of every namespace.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{mknodat, FileType, Mode, CWD};

use super::{own, put, set};
use crate::error::{Context, Result};
use crate::pattern::{content, Random};

/// Attributes of every namespace, some shared by many files, some too long to be inline.
pub(super) fn attributes(dir: &Path) -> Result<()> {
    let mut random = Random::new(13);
    for i in 0..24u32 {
        let file = put(
            dir.join(format!("file-{i}")),
            &content(200 + u64::from(i), 700),
        )?;
        set(
            &file,
            "user.common",
            b"the same on every file, so that it is worth sharing",
        )?;
        set(&file, "user.number", &i.to_le_bytes())?;
        if i % 3 == 0 {
            set(&file, "trusted.overlay.opaque", b"y")?;
            set(&file, "trusted.overlay.metacopy", b"")?;
        }
        if i % 4 == 0 {
            set(
                &file,
                "security.test",
                &content(i.into(), random.below(200) as usize),
            )?;
            set(&file, "security.capability", &capability())?;
        }
        if i % 5 == 0 {
            set(
                &file,
                "user.a-rather-long-name-of-an-attribute.for.which.a.prefix.pays",
                b"1",
            )?;
            set(&file, "user.long-value", &content(300 + u64::from(i), 1500))?;
        }
        if i % 6 == 0 {
            set(
                &file,
                "system.posix_acl_access",
                &acl(1000 + i, 4 + (i & 1) as u16),
            )?;
            own(&file, 0, 0, 0o640)?;
            set(
                &file,
                "system.posix_acl_access",
                &acl(if i % 12 == 0 { 1000 } else { 2000 }, 5),
            )?;
        }
    }
    crowd(dir)?;
    let sub = dir.join("defaults");
    fs::create_dir_all(&sub).what(|| "mkdir".into())?;
    set(&sub, "system.posix_acl_default", &acl(2000, 7))?;
    set(&sub, "user.on-directory", b"value")?;
    symlink("target", dir.join("link")).what(|| "symlink".into())?;
    set(&dir.join("link"), "trusted.on-link", b"value")?;
    set(&dir.join("link"), "security.on-link", b"")
}

/// Many on one file, the longest name, the longest value, and those that only just differ.
fn crowd(dir: &Path) -> Result<()> {
    let file = put(dir.join("crowd"), &content(400, 3000))?;
    for i in 0..60u8 {
        set(&file, &format!("user.crowd-{i}"), &[i; 3])?;
        set(&file, &format!("trusted.crowd-{i}"), &[i])?;
    }
    let file = put(dir.join("longest"), b"")?;
    set(&file, &format!("user.{}", "n".repeat(250)), b"1")?;
    set(&file, &format!("user.{}", "n".repeat(249)), b"2")?;
    set(&file, &format!("trusted.{}", "n".repeat(247)), b"")?;
    set(&file, "user.value", &content(401, 3000))?;
    let fifo = dir.join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o644), 0).what(|| "mknod".into())?;
    set(&fifo, "trusted.on-fifo", b"value")
}

/// VFS_CAP_REVISION_2 with CAP_NET_RAW.
fn capability() -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&0x0200_0001u32.to_le_bytes());
    bytes[4..8].copy_from_slice(&(1u32 << 13).to_le_bytes());
    bytes
}

/// user::rw-, one named user, group::---, mask::rwx, other::---
fn acl(user: u32, permissions: u16) -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, perm, id) in [
        (1, 6, u32::MAX),
        (2, permissions, user),
        (4, 0, u32::MAX),
        (16, 7, u32::MAX),
        (32, 0, u32::MAX),
    ] {
        bytes.extend_from_slice(&u16::to_le_bytes(tag));
        bytes.extend_from_slice(&u16::to_le_bytes(perm));
        bytes.extend_from_slice(&u32::to_le_bytes(id));
    }
    bytes
}
