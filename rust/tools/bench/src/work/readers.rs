// SPDX-License-Identifier: GPL-2.0

//! Several readers at once, cold, of one file and of different ones.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread;

use super::{count, Bench, INSTRUCTION};
use crate::contender::Mounted;
use crate::{machine, Result};

/// Readers, and how it is called that they read the same file, or different ones.
const READERS: [(usize, &str, &str); 3] = [
    (1, "1 of the same", "1 of different"),
    (4, "4 of the same", "4 of different"),
    (16, "16 of the same", "16 of different"),
];

const FILES: usize = 16;

/// None so large that it stands alone.
const LARGEST: u64 = 1 << 20;

/// As much as a reader asks for at once.
const CHUNK: usize = 64 << 10;

fn find(dir: &Path, found: &mut Vec<(u64, PathBuf)>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let info = entry.metadata()?;
        if info.is_dir() {
            find(&entry.path(), found)?;
        } else if info.is_file() && info.len() <= LARGEST {
            found.push((info.len(), entry.path()));
        }
    }
    Ok(())
}

/// The largest files of the tree, the same for everyone.
fn largest(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    find(root, &mut found)?;
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    match found.get(..FILES) {
        Some(files) => Ok(files.iter().map(|(_, path)| path.clone()).collect()),
        None => Err("the image has not that many files".into()),
    }
}

fn read(path: &Path) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; CHUNK];
    while file.read(&mut buffer)? != 0 {}
    Ok(())
}

/// A thread for each of `paths`.
fn all_at_once(paths: &[&Path]) -> Result<()> {
    thread::scope(|scope| {
        let readers: Vec<_> = paths
            .iter()
            .map(|path| scope.spawn(|| read(path)))
            .collect();
        for reader in readers {
            reader.join().map_err(|_| "a reader panicked")??;
        }
        Ok(())
    })
}

/// Of the largest file, and of as many as there are readers.
pub(super) fn readers(bench: &mut Bench<'_>) -> Result<()> {
    let image = Mounted::new(bench.contender, bench.a)?;
    let paths = largest(&image.path("usr"))?;
    for (number, same, different) in READERS {
        for (part, step) in [(same, 0), (different, 1)] {
            machine::settle()?;
            let chosen: Vec<&Path> = (0..number).map(|i| paths[i * step].as_path()).collect();
            for path in &chosen {
                fs::metadata(path)?;
            }
            let value = count(|| all_at_once(&chosen))?;
            bench.note(part, INSTRUCTION, value);
        }
    }
    image.unmount()
}
