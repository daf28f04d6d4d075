// SPDX-License-Identifier: GPL-2.0
//! The ways to read a file, each a module or a function of one.

mod advise;
mod mapped;
mod names;
mod program;
mod read;
mod ring;
mod splice;

use std::path::Path;

use fastrand::Rng;

use crate::golden::{File, Golden};
use crate::trouble::Step;

pub(crate) use read::whole;

/// One way: what it is called, how often it is chosen, and a step of it.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) weight: u32,
    pub(crate) step: fn(&mut State, &Golden, &File, &Path) -> Step,
}

macro_rules! ways {
    ($($name:literal $weight:literal $step:path;)*) => {
        &[$(Way { name: $name, weight: $weight, step: $step }),*]
    };
}

pub(crate) const WAYS: &[Way] = ways! {
    "read" 8 read::pieces;
    "readv" 4 read::vectors;
    "direct" 3 read::direct;
    "nowait" 2 read::nowait;
    "uncached" 2 read::uncached;
    "mapped" 6 mapped::shared;
    "executable" 3 mapped::code;
    "copied" 2 mapped::copy;
    "run" 1 program::run;
    "sendfile" 4 splice::sendfile;
    "splice" 4 splice::splice;
    "io_uring" 5 ring::read;
    "fadvise" 5 advise::advise;
    "names" 3 names::names;
};

/// What a worker keeps from one step to the next.
pub(crate) struct State {
    pub(crate) rng: Rng,
    ring: Option<io_uring::IoUring>,
}

impl State {
    pub(crate) fn new(rng: Rng) -> State {
        State { rng, ring: None }
    }

    /// Some pages of a file: the first, and how many, mostly few.
    fn range(&mut self, file: &File) -> (u64, u64) {
        let first = self.rng.u64(..file.pages());
        let most = [1, 8, 32, 128][self.rng.usize(..4)];
        (first, 1 + self.rng.u64(..(file.pages() - first).min(most)))
    }
}
