// SPDX-License-Identifier: GPL-2.0

//! What is measured, a file for each kind.

mod compressed;
mod memory;
mod mounting;
mod pair;
mod readers;
mod reading;
mod walking;

use std::time::Instant;

use crate::contender::{
    Contender, ALL, COMPRESSED, LZ4, LZ4_PRIVATE, OWN, PLAIN, PLAIN_PRIVATE, PRIVATE, SHARING,
    ZSTD_PRIVATE,
};
use crate::device::Device;
use crate::repeat::{Figure, Repeat};
use crate::{sys, Result};

/// What a work is given.
pub(crate) struct Bench<'a> {
    pub(crate) contender: &'a Contender,
    /// The images.
    pub(crate) a: &'a Device,
    pub(crate) b: &'a Device,
    pub(crate) figures: Vec<Figure>,
}

impl Bench<'_> {
    fn note(&mut self, part: &'static str, unit: &'static str, value: f64) {
        self.figures.push(Figure { part, unit, value });
    }
}

/// A work, and how to do it once.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// By the names of their drives. Two of one name are one device.
    pub(crate) images: [&'static str; 2],
    pub(crate) contenders: &'static [Contender],
    pub(crate) repeat: Repeat,
    pub(crate) run: fn(&mut Bench<'_>) -> Result<()>,
}

const BIG: [&str; 2] = ["big-a", "big-b"];
const MANY: [&str; 2] = ["many-a", "many-b"];
const LZ4_4K: [&str; 2] = ["lz4-4k"; 2];
const LZ4_64K: [&str; 2] = ["lz4-64k-a", "lz4-64k-b"];

const fn exact(
    name: &'static str,
    images: [&'static str; 2],
    contenders: &'static [Contender],
    run: fn(&mut Bench<'_>) -> Result<()>,
) -> Work {
    Work {
        name,
        images,
        contenders,
        repeat: Repeat::UntilAgreed,
        run,
    }
}

/// What is counted in instructions, and objects, pages and bytes of a device with them.
pub(crate) const INSTRUCTIONS: &[Work] = &[
    exact("read", BIG, ALL, reading::read),
    exact("fault", BIG, ALL, reading::fault),
    exact("open+close", BIG, ALL, reading::open),
    exact("ls -lR", MANY, OWN, walking::list),
    exact("plain", BIG, PLAIN_PRIVATE, compressed::sequential),
    exact("plain warm", BIG, PLAIN_PRIVATE, compressed::warm),
    exact("plain random", BIG, PLAIN_PRIVATE, compressed::random),
    exact("lz4-4k", LZ4_4K, LZ4_PRIVATE, compressed::sequential),
    exact("lz4-4k warm", LZ4_4K, LZ4_PRIVATE, compressed::warm),
    exact("lz4-4k random", LZ4_4K, LZ4_PRIVATE, compressed::random),
    exact("lz4-1m", ["lz4-1m"; 2], PRIVATE, compressed::sequential),
    exact("lz4-64k", LZ4_64K, LZ4_PRIVATE, compressed::sequential),
    exact("lz4-64k fault", LZ4_64K, LZ4_PRIVATE, compressed::fault),
    exact("lz4-64k warm", LZ4_64K, LZ4_PRIVATE, compressed::warm),
    exact("lz4-64k cluster", LZ4_64K, LZ4_PRIVATE, compressed::cluster),
    exact("lz4-64k random", LZ4_64K, LZ4_PRIVATE, compressed::random),
    exact("lz4-64k shared", LZ4_64K, SHARING, compressed::shared),
    exact("zstd", ["zstd"; 2], ZSTD_PRIVATE, compressed::sequential),
    exact("deflate", ["deflate"; 2], PRIVATE, compressed::sequential),
    exact("lzma", ["lzma"; 2], PRIVATE, compressed::sequential),
    exact("mounting", ["many-a"; 2], ALL, mounting::apart),
];

/// The hot paths, by those who read the same images.
pub(crate) const CHECK: &[Work] = &[
    exact("read", BIG, OWN, reading::read),
    exact("fault", BIG, OWN, reading::fault),
    exact("open+close", BIG, OWN, reading::open),
    exact("lz4-64k cluster", LZ4_64K, OWN, compressed::cluster),
];

/// What is followed page by page, in the guest that counts: there it is the same each time.
pub(crate) const MEMORY: &[Work] = &[
    exact("lz4-4k memory", LZ4_4K, PRIVATE, memory::sequential),
    exact("lz4-64k memory", LZ4_64K, PRIVATE, memory::sequential),
    exact("lz4-1m memory", ["lz4-1m"; 2], PRIVATE, memory::sequential),
    exact("zstd memory", ["zstd"; 2], PRIVATE, memory::sequential),
    exact("lzma memory", ["lzma"; 2], PRIVATE, memory::sequential),
];

/// What is timed.
pub(crate) const TIME: &[Work] = &[Work {
    name: "mount+umount",
    images: MANY,
    contenders: ALL,
    repeat: Repeat::Often,
    run: mounting::cycle,
}];

const PLAIN_PAIR: [&str; 2] = ["plain-a", "plain-b"];
const LZ4_PAIR: [&str; 2] = ["lz4-a", "lz4-b"];

const fn once(
    name: &'static str,
    images: [&'static str; 2],
    contenders: &'static [Contender],
    run: fn(&mut Bench<'_>) -> Result<()>,
) -> Work {
    Work {
        repeat: Repeat::Once,
        ..exact(name, images, contenders, run)
    }
}

/// What is counted of images of two versions of a server, all files of both.
pub(crate) const PAIR: &[Work] = &[
    once("pair read", PLAIN_PAIR, PLAIN, pair::read),
    once("pair sendfile", PLAIN_PAIR, PLAIN, pair::send),
    once("pair mmap", PLAIN_PAIR, PLAIN, pair::map),
    once("pair ls -lR", PLAIN_PAIR, PLAIN, pair::list),
    once("pair read", LZ4_PAIR, COMPRESSED, pair::read),
    once("pair sendfile", LZ4_PAIR, LZ4, pair::send),
    once("pair mmap", LZ4_PAIR, LZ4, pair::map),
    once("pair ls -lR", LZ4_PAIR, COMPRESSED, pair::list),
];

/// What is counted in instructions of one such image.
pub(crate) const WALK: &[Work] = &[
    exact("pair walk", ["plain-a"; 2], PLAIN, walking::walk),
    exact("pair walk", ["lz4-a"; 2], COMPRESSED, walking::walk),
    exact("pair readers", ["plain-a"; 2], PLAIN, readers::readers),
    exact("pair readers", ["lz4-a"; 2], LZ4, readers::readers),
];

/// Nanoseconds of the clock; in a guest that counts instructions, their number.
fn count(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    sys::mark_start();
    let done = work();
    sys::mark_end();
    done?;
    Ok(start.elapsed().as_nanos() as f64)
}

/// The unit of [`count`] in the guest that counts.
pub(crate) const INSTRUCTION: &str = "instructions";
