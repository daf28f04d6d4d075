// SPDX-License-Identifier: GPL-2.0

//! A directory with a tree in it, of which images are made.

use super::content::{
    mixed,
    noise,
    text, //
};
use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{
        Path,
        PathBuf, //
    },
    process::{
        self,
        Command, //
    },
};

/// Sizes around those of blocks, pages and clusters.
const SIZES: [usize; 20] = [
    0, 1, 31, 511, 512, 513, 1025, 4000, 4095, 4096, 4097, 8191, 8193, 16_385, 65_535, 65_536,
    65_537, 131_073, 300_001, 1_100_001,
];

/// A directory that goes away.
pub(crate) struct Work(PathBuf);

impl Work {
    /// With a tree. `None` on a machine without mkfs.erofs.
    pub(crate) fn new(name: &str) -> Option<Self> {
        if Command::new("mkfs.erofs").arg("-V").output().is_err() {
            println!("skipped: there is no mkfs.erofs");
            return None;
        }
        let dir = env::temp_dir().join(format!("cofs-reader-{name}-{}", process::id()));
        fs::create_dir(&dir).unwrap();
        let work = Self(dir);
        plant(&work.tree());
        Some(work)
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.0.join("tree")
    }

    /// Makes an image; options have no spaces in them.
    pub(crate) fn mkfs(&self, options: &str) {
        let output = Command::new("mkfs.erofs")
            .args(["--quiet", "-T1700000000"])
            .args(options.split_whitespace())
            .args(["image", "tree"])
            .current_dir(&self.0)
            .output()
            .unwrap();
        assert!(output.status.success(), "{options}: {output:?}");
    }

    /// The image made last.
    pub(crate) fn image(&self) -> Vec<u8> {
        fs::read(self.0.join("image")).unwrap()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn plant(tree: &Path) {
    for dir in ["text", "mixed", "noise", "zeros", "many", "twice"] {
        fs::create_dir_all(tree.join(dir)).unwrap();
    }
    let write = |name: String, bytes: Vec<u8>| fs::write(tree.join(name), bytes).unwrap();
    for (seed, size) in (1..).zip(SIZES) {
        write(format!("text/{size}"), text(seed, size));
        write(format!("mixed/{size}"), mixed(seed, size));
        if size < 100_000 {
            write(format!("noise/{size}"), noise(seed, size));
        }
        if size < 300_000 {
            write(format!("zeros/{size}"), vec![0; size]);
        }
    }
    // One extent cannot have all of it.
    write("zeros/many".into(), vec![0; 14 << 20]);
    // What the index of a directory has to hold, if that is compressed.
    for number in 0..300 {
        write(
            format!("many/a-file-with-a-longer-name-{number}"),
            text(number % 50, number as usize % 90),
        );
    }
    // The same bytes at other distances from the start of a block.
    let bytes = mixed(77, 400_000);
    for (number, skip) in [0, 1, 4096, 10_000, 33_333].into_iter().enumerate() {
        let mut shifted = noise(number as u32, number * 1711);
        shifted.extend_from_slice(&bytes[skip..]);
        write(format!("twice/{number}"), shifted);
    }
    symlink("text/4096", tree.join("link")).unwrap();
    symlink("x".repeat(3000), tree.join("long-link")).unwrap();
}
