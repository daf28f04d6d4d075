// SPDX-License-Identifier: GPL-2.0
//! Layers for overlayfs, as container tools make them, and a tree of metadata alone whose data
//! are objects in another tree, as composefs has it.

use std::fs::{self, File};
use std::path::Path;

use rustix::fs::{mknodat, FileType, Mode, CWD};

use super::{own, put, set};
use crate::error::{Context, Result};
use crate::pattern::content;

/// What lies at the bottom.
pub(super) fn base(dir: &Path) -> Result<()> {
    for (i, name) in [
        "kept",
        "whited-out",
        "dir/below",
        "dir/replaced",
        "opaque/below",
        "marked/whited-out",
        "marked/kept",
        "old/inside/deep",
    ]
    .iter()
    .enumerate()
    {
        put(dir.join(name), &content(6000 + i as u64, 3000 + 1000 * i))?;
    }
    Ok(())
}

/// What lies above: `namespace` is that of the attributes, `trusted` or `user`.
pub(super) fn above(dir: &Path, namespace: &str) -> Result<()> {
    let name = |what: &str| format!("{namespace}.overlay.{what}");
    put(dir.join("dir/replaced"), &content(6100, 2500))?;
    put(dir.join("dir/added"), &content(6101, 5000))?;
    put(dir.join("opaque/above"), &content(6102, 100))?;
    set(&dir.join("opaque"), &name("opaque"), b"y")?;
    let device = dir.join("whited-out");
    mknodat(
        CWD,
        &device,
        FileType::CharacterDevice,
        Mode::from_raw_mode(0),
        0,
    )
    .what(|| "mknod whited-out".into())?;
    // A whiteout that is no device: the directory says that there may be some.
    let file = put(dir.join("marked/whited-out"), b"")?;
    set(&file, &name("whiteout"), b"")?;
    set(&dir.join("marked"), &name("opaque"), b"x")?;
    // A directory that was renamed.
    put(dir.join("renamed/added"), &content(6103, 700))?;
    set(&dir.join("renamed"), &name("redirect"), b"/old")?;
    // What an overlay in an overlay sees: an attribute whose name is escaped.
    put(dir.join("nested/file"), &content(6104, 100))?;
    set(&dir.join("nested"), &name("overlay.opaque"), b"y")
}

/// Names and lengths of the objects, and where the metadata have them.
const OBJECTS: &[(&str, usize, &str)] = &[
    ("00/one", 5000, "etc/one"),
    ("00/two", 300_001, "usr/lib/two"),
    ("ff/three", 100, "three"),
    ("ff/large", 4 << 20, "usr/large"),
];

/// The data.
pub(super) fn objects(dir: &Path) -> Result<()> {
    for (i, (object, size, _)) in OBJECTS.iter().enumerate() {
        put(dir.join(object), &content(6200 + i as u64, *size))?;
    }
    Ok(())
}

/// The metadata: files with a length and without data, each naming its object.
pub(super) fn metadata(dir: &Path) -> Result<()> {
    for (i, (object, size, at)) in OBJECTS.iter().enumerate() {
        let path = without_data(dir, at, *size, object)?;
        own(&path, 1000 + i as u32, 100, 0o640 + i as u32)?;
        if i % 2 == 1 {
            // Version, length, flags, SHA-256 of fs-verity, and a digest of nothing in particular.
            let head = [0, 36, 0, 1];
            let value = [&head[..], &content(6300 + i as u64, 32)].concat();
            set(&path, "trusted.overlay.metacopy", &value)?;
        }
    }
    without_data(dir, "lost", 1000, "no/such/object")?;
    let linked = dir.join("usr/linked");
    fs::hard_link(dir.join("usr/large"), linked).what(|| "link".into())?;
    put(dir.join("own"), &content(6301, 900)).map(drop)
}

fn without_data(dir: &Path, at: &str, size: usize, object: &str) -> Result<std::path::PathBuf> {
    let path = put(dir.join(at), b"")?;
    let file = File::options().write(true).open(&path);
    file.and_then(|f| f.set_len(size as u64))
        .what(|| format!("truncate {at}"))?;
    set(&path, "trusted.overlay.metacopy", b"")?;
    let redirect = format!("/{object}");
    set(&path, "trusted.overlay.redirect", redirect.as_bytes())?;
    Ok(path)
}
