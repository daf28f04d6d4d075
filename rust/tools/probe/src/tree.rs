// SPDX-License-Identifier: GPL-2.0
//! Source trees for the test images: every kind of file, made from seeds.

mod bench;

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{
    lsetxattr, makedev, mknodat, utimensat, AtFlags, FileType, Gid, Mode, Timespec, Timestamps,
    Uid, XattrFlags, CWD,
};
use sha2::{Digest, Sha256};

use crate::error::{Context, Result};
use crate::pattern::{content, Random};
use crate::program;

/// The attribute that names a file's content to a sharing mount.
const FINGERPRINT: &str = "trusted.erofs.fingerprint";

/// Sizes around the edges of blocks, pages and inline tails.
const SIZES: &[usize] = &[
    0, 1, 31, 100, 511, 512, 513, 1023, 1024, 1025, 2047, 2049, 3900, 4032, 4064, 4090, 4095, 4096,
    4097, 5000, 8191, 8192, 8193, 12_345, 65_535, 65_536, 65_537, 131_073, 300_001,
];

pub(crate) fn make(kind: &str, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).what(|| format!("mkdir {}", dir.display()))?;
    match kind {
        "base" => base(dir)?,
        "names" => names(dir)?,
        "xattr" => attributes(dir)?,
        "sparse" => sparse(dir)?,
        "empty" => {}
        "text" => text(dir)?,
        "damage" => damage(dir)?,
        "share-a" => share(dir, 1)?,
        "share-b" => share(dir, 2)?,
        "stamped-c" => stamped(dir, 3)?,
        "stamped-d" => stamped(dir, 4)?,
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

/// One of everything.
fn base(dir: &Path) -> Result<()> {
    for (i, size) in SIZES.iter().enumerate() {
        put(dir.join(format!("sizes/{size}")), &content(i as u64, *size))?;
    }
    put(dir.join("data/large"), &content(100, 3 << 19))?;
    put(dir.join("data/zeroes"), &vec![0; 200_000])?;
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
    attributes(&dir.join("xattr"))
}

fn links(dir: &Path) -> Result<()> {
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

fn specials(dir: &Path) -> Result<()> {
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
        ("whiteout", FileType::CharacterDevice, 0),
    ] {
        mknodat(CWD, at.join(name), kind, mode, device).what(|| format!("mknod {name}"))?;
    }
    Ok(())
}

/// Long names, many names, deep paths.
fn names(dir: &Path) -> Result<()> {
    let mut random = Random::new(11);
    for i in 0..2500 {
        let len = random.below(24) as usize;
        put(dir.join(format!("many/{i:x}-{}", "n".repeat(len))), b"")?;
    }
    for i in 0..40u8 {
        let letter = char::from(b'a' + i % 26);
        let name: String = std::iter::repeat_n(letter, 255 - usize::from(i)).collect();
        put(dir.join("long").join(name), &[i])?;
    }
    for name in [
        "\u{e4}\u{f6}",
        "with space",
        "new\nline",
        "-dash",
        "...",
        "\u{7f}",
        "a",
        "A",
        "aa",
    ] {
        put(dir.join("odd").join(name), name.as_bytes())?;
    }
    let mut deep = dir.join("deep");
    for level in 0..60 {
        deep = deep.join(format!("level-{level}"));
    }
    put(deep.join("bottom"), b"bottom\n")?;
    Ok(())
}

/// Attributes of every namespace, some shared by many files, some too long to be inline.
fn attributes(dir: &Path) -> Result<()> {
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
    let sub = dir.join("defaults");
    fs::create_dir_all(&sub).what(|| "mkdir".into())?;
    set(&sub, "system.posix_acl_default", &acl(2000, 7))?;
    set(&sub, "user.on-directory", b"value")?;
    symlink("target", dir.join("link")).what(|| "symlink".into())?;
    set(&dir.join("link"), "trusted.on-link", b"value")
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

/// Files with holes at every place, and one whose size needs more than 32 bits.
fn sparse(dir: &Path) -> Result<()> {
    for (name, size, data) in [
        ("all-hole", 1u64 << 20, &[][..]),
        ("head", 1 << 20, &[0][..]),
        ("tail", (1 << 20) + 77, &[1 << 20][..]),
        ("middle", 1 << 20, &[300_000][..]),
        (
            "many",
            3 << 20,
            &[0, 65_536, 262_144, 1 << 20, (2 << 20) + 4096][..],
        ),
        ("large", (5 << 30) + 123, &[4096, 1 << 30, 5 << 30][..]),
    ] {
        let path = dir.join(name);
        let mut file = File::create(&path).what(|| format!("create {name}"))?;
        for at in data {
            file.seek(SeekFrom::Start(*at)).what(|| "seek".into())?;
            let len = (size - at).min(9000) as usize;
            file.write_all(&content(*at, len))
                .what(|| format!("write {name}"))?;
        }
        file.set_len(size).what(|| format!("truncate {name}"))?;
    }
    put(dir.join("dense"), &content(5, 400_000)).map(drop)
}

/// Some that compresses, some that does not, some too small to try.
fn text(dir: &Path) -> Result<()> {
    let line = b"a line that comes again and again, and compresses well\n";
    for i in 1..6usize {
        put(dir.join(format!("text/{i}")), &line.repeat(i * 2000))?;
        put(dir.join(format!("noise/{i}")), &content(i as u64, i * 9000))?;
        put(dir.join(format!("small/{i}")), &line[..i * 5])?;
    }
    links(dir)?;
    specials(dir)
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

/// Half of a pair: `big` and `small/` are equal in both, the rest is not.
fn share(dir: &Path, half: u64) -> Result<()> {
    put(dir.join("big"), &content(1000, 16 << 20))?;
    put(dir.join("tailed"), &content(1001, (1 << 20) + 1234))?;
    smalls(&dir.join("small"))?;
    own(&put(dir.join("program"), &program::image())?, 0, 0, 0o755)?;
    let other = dir.join(format!("elsewhere-{half}"));
    put(other.join("moved"), &content(1002, 2 << 20))?;
    own(&other.join("moved"), half as u32, 0, 0o640 + half as u32)?;
    put(dir.join("differs"), &content(2000 + half, 2 << 20))?;
    put(other.join("own"), &content(3000 + half, 3 << 20))?;
    put(dir.join("empty"), b"").map(drop)
}

fn smalls(dir: &Path) -> Result<()> {
    let mut random = Random::new(17);
    for i in 0..150 {
        let size = 1 + random.below(20_000) as usize;
        put(dir.join(format!("{i:03}")), &content(4000 + i, size))?;
    }
    Ok(())
}

/// Half of a pair whose fingerprints are attributes of the source tree.
fn stamped(dir: &Path, half: u64) -> Result<()> {
    let value = |bytes: &[u8]| [b"sha256:".as_slice(), &Sha256::digest(bytes)].concat();
    let big = content(5000, 4 << 20);
    set(&put(dir.join("big"), &big)?, FINGERPRINT, &value(&big))?;
    let moved = content(1002, 2 << 20);
    set(
        &put(dir.join("moved"), &moved)?,
        FINGERPRINT,
        &value(&moved),
    )?;
    // One fingerprint, two sizes.
    let liar = content(5001, 100_000 + 5000 * half as usize);
    set(&put(dir.join("liar"), &liar)?, FINGERPRINT, &value(b"lie"))?;
    // Named by another attribute.
    let named = content(5002, 1 << 20);
    set(
        &put(dir.join("named"), &named)?,
        "user.print",
        &value(&named),
    )?;
    put(dir.join("unstamped"), &content(5003, 1 << 20)).map(drop)
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
