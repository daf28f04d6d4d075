// SPDX-License-Identifier: GPL-2.0

//! Images made by mkfs.erofs with everything that it can compress, compared with the tree they were
//! made of.

mod common;

use common::{
    compare::compare,
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
