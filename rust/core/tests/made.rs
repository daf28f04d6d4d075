// SPDX-License-Identifier: GPL-2.0

//! Images with extra devices and images behind an offset, made by mkfs.erofs and compared with
//! the trees they were made of.

mod common;

use common::compare::Image;
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

/// Sizes around those of blocks, pages and chunks.
const SIZES: [usize; 14] = [
    0, 1, 511, 512, 513, 1025, 4095, 4096, 4097, 16_383, 16_385, 65_536, 65_537, 300_001,
];

/// A directory that goes away.
struct Work(PathBuf);

impl Work {
    /// `None` on a machine without mkfs.erofs.
    fn new(name: &str) -> Option<Self> {
        if Command::new("mkfs.erofs").arg("-V").output().is_err() {
            println!("skipped: there is no mkfs.erofs");
            return None;
        }
        let dir = env::temp_dir().join(format!("cofs-{name}-{}", process::id()));
        fs::create_dir(&dir).unwrap();
        Some(Self(dir))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Runs a program in the directory, with arguments that have no spaces.
    fn run(&self, command: &str) {
        let mut words = command.split_whitespace();
        let output = Command::new(words.next().unwrap())
            .args(words)
            .current_dir(&self.0)
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }

    /// A tree whose names and bytes depend on `seed`.
    fn tree(&self, name: &str, seed: u32, sizes: &[usize]) {
        let top = self.path(name);
        let dir = top.join(format!("dir-{seed}"));
        fs::create_dir_all(&dir).unwrap();
        for (number, size) in sizes.iter().enumerate() {
            let mut bytes = content(seed * 100 + number as u32, *size);
            if size % 3 == 2 {
                // Chunks that are holes.
                let half = bytes.len() / 2;
                bytes[half..].fill(0);
            }
            fs::write(dir.join(format!("size-{size}")), bytes).unwrap();
        }
        symlink("target", top.join(format!("link-{seed}"))).unwrap();
        fs::write(top.join(format!("file-{seed}")), content(seed, 9000)).unwrap();
        self.run(&format!(
            "setfattr -n user.seed -v s{seed} {name}/dir-{seed}"
        ));
        self.times(name);
    }

    /// Gives all files of a tree one time, which merging keeps.
    fn times(&self, name: &str) {
        self.run(&format!("find {name} -exec touch -hd @1700000000 {{}} +"));
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn content(seed: u32, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..size).map(|_| next()).collect()
}

/// Puts each device where its slot has it behind the image.
fn flat(image: &Image, mounted: &[u8], extra: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = mounted.to_vec();
    for (slot, device) in image.devices().iter().zip(extra) {
        let start = (slot.start * image.superblock().block_size()) as usize;
        assert!(start >= bytes.len());
        bytes.resize(start, 0xa5);
        bytes.extend_from_slice(device);
    }
    bytes
}

/// Compares with each device by itself, with all on one, and with that behind an offset.
fn compare(tree: &Path, mounted: Vec<u8>, extra: Vec<Vec<u8>>) {
    let image = Image::new(mounted.clone(), extra.clone(), 0);
    assert_eq!(image.devices().len(), extra.len());
    image.compare(tree);
    let whole = flat(&image, &mounted, &extra);
    Image::new(whole.clone(), Vec::new(), 0).compare(tree);
    let offset = 9 * image.superblock().block_size();
    let mut behind = vec![0x5a; offset as usize];
    behind.extend_from_slice(&whole);
    Image::new(behind, Vec::new(), offset).compare(tree);
    let mut behind = vec![0x5a; offset as usize];
    behind.extend_from_slice(&mounted);
    Image::new(behind, extra, offset).compare(tree);
}

#[test]
fn chunks_on_another_device() {
    let Some(work) = Work::new("chunks") else {
        return;
    };
    work.tree("tree", 1, &SIZES);
    for options in [
        "--chunksize=4096",
        "--chunksize=16384",
        "--chunksize=65536 -E48bit",
        "--chunksize=1024 -b1024",
        "--chunksize=4096 -b512",
        "--chunksize=2048 -b2048 -E48bit,force-inode-extended",
    ] {
        work.run(&format!(
            "mkfs.erofs --quiet {options} --blobdev=blob out tree"
        ));
        compare(
            &work.path("tree"),
            work.read("out"),
            vec![work.read("blob")],
        );
    }
}

#[test]
fn tarballs_as_devices() {
    let Some(work) = Work::new("tar") else {
        return;
    };
    work.tree("tree", 1, &SIZES);
    work.run("tar --create --file tar --format=posix --xattrs --directory tree .");
    work.run("mkfs.erofs --quiet --tar=i out tar");
    compare(&work.path("tree"), work.read("out"), vec![work.read("tar")]);
}

/// Makes images of trees, and one that refers to them all, and compares that with their union.
fn merge(work: &Work, trees: &[String], source_options: &str, options: &str) -> Image {
    fs::create_dir(work.path("all")).unwrap();
    for tree in trees {
        work.run(&format!("cp -a {tree}/. all"));
        work.run(&format!(
            "mkfs.erofs --quiet {source_options} {tree}.img {tree}"
        ));
    }
    // The new root has the mode of none of the old, and the time of its making.
    work.run("chmod 777 all");
    work.times("all");
    let images: Vec<_> = trees.iter().map(|tree| format!("{tree}.img")).collect();
    // What is there is not overwritten.
    let _ = fs::remove_file(work.path("out"));
    work.run(&format!(
        "mkfs.erofs --quiet -T1700000000 {options} out {}",
        images.join(" ")
    ));
    let extra: Vec<_> = images.iter().map(|image| work.read(image)).collect();
    let mounted = work.read("out");
    let image = Image::new(mounted.clone(), extra.clone(), 0);
    if image.devices().iter().all(|slot| slot.blocks != 0) {
        compare(&work.path("all"), mounted, extra);
    } else {
        image.compare(&work.path("all"));
    }
    fs::remove_dir_all(work.path("all")).unwrap();
    image
}

#[test]
fn merged_images() {
    let Some(work) = Work::new("merged") else {
        return;
    };
    let trees: Vec<_> = (1..4).map(|seed| format!("tree-{seed}")).collect();
    for (seed, tree) in (1..).zip(&trees) {
        work.tree(tree, seed, &SIZES);
    }
    for (source_options, options) in [
        ("-E^inline_data", ""),
        ("-E^inline_data", "-E48bit"),
        ("-E^inline_data -b512", "-b512"),
        ("-E^inline_data -b1024 -x0", "-b1024"),
        // mkfs.erofs leaves the size of devices out here.
        ("-E^inline_data", "--chunksize=4096"),
    ] {
        let image = merge(&work, &trees, source_options, options);
        let slots = image.devices();
        assert_eq!(slots.len(), 3);
        assert!(slots.iter().all(|slot| slot.start != 0));
        assert!(slots.iter().all(|slot| slot.name().is_ok()));
    }
}

#[test]
fn more_than_a_hundred_devices() {
    let Some(work) = Work::new("hundred") else {
        return;
    };
    let trees: Vec<_> = (1..131).map(|seed| format!("tree-{seed}")).collect();
    for (seed, tree) in (1..).zip(&trees) {
        work.tree(tree, seed, &[700 + seed as usize]);
    }
    let image = merge(&work, &trees, "-E^inline_data -b512", "-b512");
    assert_eq!(image.devices().len(), 130);
    assert_eq!(image.superblock().device_id_mask(), 255);
}

#[test]
fn images_behind_an_offset() {
    let Some(work) = Work::new("offset") else {
        return;
    };
    work.tree("tree", 1, &SIZES);
    for (offset, options) in [
        (4096, ""),
        (1 << 20, "--chunksize=4096 -Eforce-chunk-indexes"),
        (512, "-b512"),
        (3584, "-b512 -x0"),
        (3072, "-b1024"),
        (6144, "-b2048 --chunksize=2048"),
    ] {
        // Option --offset of mkfs.erofs 1.9.4 puts data of files in wrong places.
        work.run(&format!("mkfs.erofs --quiet {options} out tree"));
        let mut bytes = vec![0x5a; offset as usize];
        bytes.extend(work.read("out"));
        Image::new(bytes, Vec::new(), offset).compare(&work.path("tree"));
    }
}
