// SPDX-License-Identifier: GPL-2.0
//! Images that lie: every command ends, and with an answer.

mod common;

use cofs_reader::mutate::{mutate, Regions};
use common::{cofsctl, words, Work};

const IMAGES: [&str; 6] = [
    "-Enosbcrc",
    "-Enosbcrc -b512 -x1 --xattr-prefix=user.a",
    "-Enosbcrc --chunksize=4096",
    "-Enosbcrc -zlz4 -C16384 -Efragments",
    "-Enosbcrc,48bit -zzstd -C65536",
    "-Enosbcrc -zlzma -m4096",
];

/// How many of each; `COFS_TEST_MUTANTS` asks for more.
fn count() -> u64 {
    let asked = std::env::var("COFS_TEST_MUTANTS").ok();
    asked.map_or(12, |count| count.parse().unwrap())
}

#[test]
fn mutants_have_answers() {
    let Some(work) = Work::new() else { return };
    work.tree("a", 10);
    let mut answers = [0; 3];
    for (number, options) in IMAGES.iter().enumerate() {
        let stamped = format!("{options} --xattr-inode-digest=trusted.erofs.fingerprint");
        let whole = std::fs::read(work.mkfs(&stamped, "a.img", "a")).unwrap();
        let regions = Regions::of(&whole);
        let sound = work.write("sound", &whole);
        for seed in 0..count() {
            let mutant = mutate(&whole, &regions, seed + 1000 * number as u64);
            let mutant = work.write("mutant", &mutant);
            for arguments in [
                words(&["inspect"], &[&mutant]),
                words(&["inspect", "--tree", "--json"], &[&mutant]),
                words(&["inspect", "--file=same/big"], &[&mutant]),
                words(&["compare", "--content"], &[&sound, &mutant]),
                words(&["verify"], &[&mutant]),
            ] {
                let ran = cofsctl(arguments);
                match ran.status {
                    Some(status @ 0..3) => answers[status as usize] += 1,
                    _ => panic!("{options}, seed {seed}: {ran:?}"),
                }
                assert!(ran.err.lines().count() <= 50, "{options}, seed {seed}");
            }
        }
    }
    println!("sound, unsound, refused: {answers:?}");
    assert!(answers.iter().all(|&count| count > 0), "{answers:?}");
}
