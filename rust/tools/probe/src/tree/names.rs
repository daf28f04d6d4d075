// SPDX-License-Identifier: GPL-2.0
//! Names: long, hostile, many, deep.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::put;
use crate::error::{Context, Result};
use crate::pattern::Random;

/// Entries of the largest directory.
const CROWD: u32 = 10_000;
/// Levels of the deepest path.
const LEVELS: u32 = 70;
/// The block sizes whose edges directories are made to meet.
const BLOCKS: [usize; 4] = [512, 1024, 2048, 4096];
/// What an entry takes in a directory besides its name.
const ENTRY: usize = 12;

pub(super) fn names(dir: &Path) -> Result<()> {
    for i in 0..40u8 {
        let letter = char::from(b'a' + i % 26);
        let name: String = std::iter::repeat_n(letter, 255 - usize::from(i)).collect();
        put(dir.join("long").join(name), &[i])?;
    }
    hostile(&dir.join("hostile"))?;
    one_byte(&dir.join("bytes"))?;
    let mut deep = dir.join("deep");
    for level in 0..LEVELS {
        deep = deep.join(format!("level-{level}"));
    }
    put(deep.join("bottom"), b"bottom\n")?;
    // As long as a path can be that is made by its whole name.
    let mut long = dir.join("far");
    for level in 0..12u8 {
        let name = [b'a' + level; 255];
        long = long.join(OsStr::from_bytes(&name));
    }
    put(long.join("bottom"), b"bottom\n")?;
    for block in BLOCKS {
        for total in [block - 1, block, block + 1, 3 * block] {
            filled(&dir.join(format!("filled/{total}")), total)?;
        }
    }
    Ok(())
}

/// Links to a few files: a directory is to be large, not its inodes many.
pub(super) fn crowd(dir: &Path) -> Result<()> {
    let mut random = Random::new(11);
    let files: Vec<_> = (0..16)
        .map(|i| put(dir.join(format!("file-{i}")), &[i]))
        .collect::<Result<_>>()?;
    for i in 0..CROWD - 16 {
        let len = random.below(24) as usize;
        let name = dir.join(format!("{i:x}-{}", "n".repeat(len)));
        fs::hard_link(&files[i as usize % 16], &name)
            .what(|| format!("link {}", name.display()))?;
    }
    Ok(())
}

/// What breaks programs that print, split or compare names; and names at the edges of the order
/// in which they are searched, the dots in the middle of it.
fn hostile(dir: &Path) -> Result<()> {
    let full = [0xff; 255];
    let mixed: Vec<u8> = (1..=255).filter(|b| *b != b'/').collect();
    let names: &[&[u8]] = &[
        b"with space",
        b" leading",
        b"trailing ",
        b"new\nline",
        b"\n",
        b"tab\tquote\"'`$(true)\\",
        b"-rf",
        b"--help",
        b"...",
        b"..a",
        b".a",
        b".-",
        b".\x01",
        b".\xff",
        b"..\x01",
        b"..\xff",
        b"-",
        b"-~",
        b"\x01\x01",
        b"\x7f",
        b"\x1b[2J",
        b"\xff\xff",
        b"\xff\xfe\xfd",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x90\x8c",
        "\u{e4}\u{f6}".as_bytes(),
        "a\u{308}".as_bytes(),
        "\u{202e}gnp.exe".as_bytes(),
        b"a",
        b"A",
        b"aa",
        b"a\x01",
        b"a\xff",
        &full,
        &full[..254],
        &mixed,
    ];
    for name in names {
        put(dir.join(OsStr::from_bytes(name)), name)?;
    }
    Ok(())
}

/// Every name of one byte.
fn one_byte(dir: &Path) -> Result<()> {
    for byte in (1..=255u8).filter(|b| !b"./".contains(b)) {
        put(dir.join(OsStr::from_bytes(&[byte])), &[byte])?;
    }
    Ok(())
}

/// A directory whose entries take `total` bytes if they fit one block; in smaller blocks as many
/// more as do not fit.
fn filled(dir: &Path, total: usize) -> Result<()> {
    let file = put(dir.join("0"), b"")?;
    // "." and ".." and "0"
    let mut rest = total - 3 * ENTRY - 4;
    for i in 0u32.. {
        // The last one takes what is left, with room for no other.
        let last = rest <= ENTRY + 255;
        let len = if last { rest - ENTRY } else { 100 };
        let head = format!("{i:03}");
        let name = format!("{head}{}", "f".repeat(len.saturating_sub(head.len())));
        fs::hard_link(&file, dir.join(&name)).what(|| format!("link {name}"))?;
        if last {
            break;
        }
        rest -= ENTRY + 100;
    }
    Ok(())
}
