// SPDX-License-Identifier: GPL-2.0
//! Files that compress by much, by little, not at all; of sizes around blocks and clusters.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::put;
use crate::error::{Context, Result};
use crate::pattern::{content, Random};

/// Around blocks, pages and clusters.
const SIZES: [usize; 32] = [
    0, 1, 31, 511, 512, 513, 1023, 1025, 2047, 2049, 4000, 4095, 4096, 4097, 8191, 8192, 8193,
    12_289, 16_383, 16_384, 16_385, 32_767, 32_769, 49_153, 65_535, 65_536, 65_537, 131_071,
    131_073, 262_143, 262_145, 1_048_577,
];

/// Words: compresses by a factor of three or so.
pub(super) fn words(seed: u64, size: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = Vec::with_capacity(size + 16);
    while text.len() < size {
        let word = random.below(400);
        for letter in 0..2 + word % 7 {
            text.push(b'a' + ((word * 7 + letter * 5) % 26) as u8);
        }
        text.push(if random.below(9) == 0 { b'\n' } else { b' ' });
    }
    text.truncate(size);
    text
}

/// Noise, zeros and words in pieces of all lengths, so that clusters end anywhere.
pub(super) fn mixed(seed: u64, size: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = Vec::with_capacity(size + 65_536);
    while bytes.len() < size {
        let piece = 1 + (1usize << random.below(16)) + random.below(5000) as usize;
        let seed = random.next();
        bytes.extend(match random.below(4) {
            0 => content(seed, piece),
            1 => vec![0; piece],
            _ => words(seed % 5, piece),
        });
    }
    bytes.truncate(size);
    bytes
}

/// All kinds in all sizes up to `largest`.
pub(super) fn kinds(dir: &Path, largest: usize) -> Result<()> {
    for (seed, size) in (1..).zip(SIZES).filter(|(_, size)| *size <= largest) {
        put(dir.join(format!("words/{size}")), &words(seed, size))?;
        if size < 300_000 {
            put(dir.join(format!("mixed/{size}")), &mixed(seed, size))?;
        }
        if size < 70_000 {
            put(dir.join(format!("noise/{size}")), &content(seed, size))?;
            put(dir.join(format!("zeros/{size}")), &vec![0; size])?;
        }
    }
    // The same bytes at other distances from the start of a block.
    let bytes = mixed(77, largest.min(150_000));
    for (number, skip) in [0, 1, 4096, 10_000].into_iter().enumerate() {
        let shifted = [&content(number as u64, number * 1711), &bytes[skip..]].concat();
        put(dir.join(format!("twice/{number}")), &shifted)?;
    }
    // What makes a directory of several blocks.
    let some = put(dir.join("many/some"), &words(99, 700))?;
    for number in 0..150 {
        let name = dir.join(format!("many/another-name-of-the-same-file-{number}"));
        fs::hard_link(&some, name).what(|| "link".into())?;
    }
    symlink("words/4096", dir.join("link")).what(|| "symlink".into())?;
    symlink("x".repeat(3000), dir.join("long-link")).what(|| "symlink".into())
}

/// Programs and libraries of the system that the images are made on, up to `largest` bytes of each.
pub(super) fn code(dir: &Path, largest: usize) -> Result<()> {
    for name in ["libc.so.6", "libm.so.6", "libselinux.so.1", "libblkid.so.1"] {
        let from = library(name)?;
        let mut bytes = fs::read(&from).what(|| format!("read {}", from.display()))?;
        bytes.truncate(largest);
        put(dir.join("lib").join(name), &bytes)?;
    }
    let bytes = fs::read("/usr/bin/bash").what(|| "read /usr/bin/bash".into())?;
    let bytes = &bytes[..bytes.len().min(largest)];
    // From its middle on, by steps that fit no page.
    let parts = bytes[bytes.len() / 2..].chunks(bytes.len() / 9);
    for (number, part) in parts.enumerate() {
        put(dir.join(format!("parts/{number}")), part)?;
    }
    Ok(())
}

/// As much of the largest libraries as a bench reads, in one file, and some small ones.
pub(super) fn libraries(dir: &Path) -> Result<()> {
    const BIG: usize = (24 << 20) + 1234;
    let from = library("libc.so.6")?;
    let beside = from.parent().unwrap_or(Path::new("/usr/lib"));
    let listed = fs::read_dir(beside).what(|| format!("list {}", beside.display()))?;
    let mut there: Vec<_> = listed
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| Some((entry.metadata().ok()?.len(), entry.path())))
        .filter(|(_, path)| path.to_string_lossy().contains(".so"))
        .collect();
    there.sort();
    let mut big = Vec::new();
    while let Some((_, path)) = there.pop().filter(|_| big.len() < BIG) {
        big.extend(fs::read(&path).what(|| format!("read {}", path.display()))?);
    }
    big.truncate(BIG);
    put(dir.join("big"), &big)?;
    code(&dir.join("small"), 300_000)
}

/// Small, and of everything some: most of what is changed in it belongs to an index or a cluster.
pub(super) fn damage(dir: &Path) -> Result<()> {
    for (number, size) in [300, 4096, 5000, 12_000, 30_000].into_iter().enumerate() {
        let seed = number as u64;
        put(dir.join(format!("dir-{number}/words")), &words(seed, size))?;
        put(dir.join(format!("dir-{number}/mixed")), &mixed(seed, size))?;
    }
    put(dir.join("zeros"), &vec![0; 50_000])?;
    put(dir.join("noise"), &content(1, 9000))?;
    let again = [&content(2, 1711), &mixed(4, 30_000)[..]].concat();
    put(dir.join("again"), &again)?;
    symlink("dir-1/words", dir.join("link")).what(|| "symlink".into())
}

fn library(name: &str) -> Result<PathBuf> {
    let dirs = fs::read_dir("/usr/lib").what(|| "list /usr/lib".into())?;
    let mut there = dirs.flatten().map(|dir| dir.path().join(name));
    there
        .find(|path| path.is_file())
        .ok_or_else(|| format!("there is no {name} below /usr/lib: install what has it"))
}

/// More zeros than a cluster may decode to, and more than one folio's worth around them.
pub(super) fn expanding(dir: &Path) -> Result<()> {
    let zeros = vec![0; (13 << 20) + 4321];
    put(dir.join("zeros"), &zeros)?;
    let around = [
        words(1, 70_001),
        zeros[..3 << 20].to_vec(),
        words(2, 70_001),
    ]
    .concat();
    put(dir.join("around"), &around)?;
    let line = b"one line, many times\n".repeat(150_000);
    put(dir.join("lines"), &line).map(drop)
}
