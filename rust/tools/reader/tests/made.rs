// SPDX-License-Identifier: GPL-2.0

//! Images made by mkfs.erofs with everything that it can compress, compared with the tree they were
//! made of.

mod common;

use common::{
    compare::compare,
    content::Random,
    work::Work, //
};

/// What goes with every algorithm and cluster size.
const FEATURES: [&str; 8] = [
    "",
    "-Eztailpacking",
    "-Efragments",
    "-Eall-fragments",
    "-Ededupe",
    "-Eall-fragments,dedupe,ztailpacking",
    "-Elegacy-compress,ztailpacking",
    "-E48bit,fragments,ztailpacking",
];

const ALGORITHMS: [&str; 5] = ["lz4", "lz4hc", "deflate", "zstd", "lzma"];

/// Makes an image with each of some options and compares it. The name is that of the tree.
fn all(name: &str, options: impl Iterator<Item = String>) {
    let Some(work) = Work::new(name) else {
        return;
    };
    let mut clusters = common::compare::Seen::default();
    for options in options {
        work.mkfs(&options);
        clusters += compare(&work.image(), &work.tree(), &options);
    }
    println!("{name}: {clusters:?}");
}

/// Each algorithm with the features, and with cluster sizes that are others for each. Where
/// `COFS_TEST_MATRIX` is set, each feature with all sizes.
fn algorithm(number: usize) {
    let algorithm = ALGORITHMS[number];
    let sizes = [4096, 65_536, 1 << 20, 8192];
    let times = match std::env::var_os("COFS_TEST_MATRIX") {
        Some(_) => sizes.len(),
        None => 1,
    };
    let options = FEATURES.iter().enumerate().flat_map(move |(at, features)| {
        (0..times).map(move |more| {
            let size = sizes[(at + number + more) % sizes.len()];
            format!("-z{algorithm} -C{size} {features}")
        })
    });
    all(algorithm, options);
}

#[test]
fn lz4() {
    algorithm(0);
}

#[test]
fn lz4hc() {
    algorithm(1);
}

#[test]
fn deflate() {
    algorithm(2);
}

#[test]
fn zstd() {
    algorithm(3);
}

#[test]
fn lzma() {
    algorithm(4);
}

#[test]
fn other_options() {
    let options = [
        // Several algorithms, small blocks, which have smaller logical clusters.
        "-zlz4:lzma -C65536",
        "-zzstd:deflate:lz4hc -C16384 -Eztailpacking,fragments",
        "-zlz4 -b512",
        "-zlz4hc -b1024 -C32768 -Eztailpacking",
        "-zzstd -b2048 -C2048 -Efragments,dedupe",
        "-zdeflate -b512 -C65536 -Eall-fragments",
        "-zlz4 -b512 -Elegacy-compress,ztailpacking,dedupe",
        // Extents of records that know more or less, at any byte of the device.
        "-zlz4 -E48bit",
        "-zzstd -C65536 -E48bit",
        "-zlz4hc -C1048576 -E48bit,dedupe,fragments",
        "-zzstd -b512 -E48bit,ztailpacking",
        "-zdeflate -C8192 -E48bit,force-inode-extended",
        "-zzstd -C65536 --max-extent-bytes=65536 -E48bit",
        "-zlz4 --max-extent-bytes=4096",
        // Directories and metadata. With both -m and --MZ=id, mkfs.erofs 1.9.4 makes images that
        // fsck.erofs cannot read either.
        "-zlz4 --zD",
        "-zzstd -C65536 --zD -Eall-fragments",
        "-zlz4 --MZ",
        "-zlz4 --MZ=id --zD",
        "-zlz4 -m4096",
        "-C65536 -zzstd -m65536:lzma --zD -Efragments",
        "-zlz4hc -C16384 -m16384 -b1024 -Eztailpacking",
        "-zdeflate -C8192 -m8192 -E48bit",
        "-m4096:zstd",
    ];
    all("other", options.into_iter().map(str::to_string));
}

#[test]
fn random_features() {
    let mut random = Random::new(1);
    let times = match std::env::var_os("COFS_TEST_MATRIX") {
        Some(_) => 60,
        None => 12,
    };
    let options = (0..times).map(move |_| {
        let algorithm = ALGORITHMS[random.below(5) as usize];
        let size = 4096u32 << random.below(9);
        let bits = random.next() & 0xff;
        format!("-z{algorithm} -C{size} --zfeature-bits={bits}")
    });
    all("random", options);
}
