// SPDX-License-Identifier: GPL-2.0
//! `cofsctl inspect`: what an image says of itself, and what is in it.

mod file;
mod superblock;
mod tree;

use crate::cli;
use crate::failure::Result;
use crate::fingerprint::Fingerprints;
use crate::open::open;
use crate::output::{Faults, Output};
use crate::Verdict;

pub(crate) fn run(arguments: &cli::Inspect, out: &mut Output) -> Result<Verdict> {
    let opened = open(&arguments.image)?;
    let fingerprints = Fingerprints::new(&opened.image, &arguments.reading.fingerprint_xattr);
    let json = arguments.reading.json;
    let mut faults = Faults::new(&opened.name);
    if let Some(path) = &arguments.file {
        file::run(&opened, &fingerprints, path, json, out)?;
    } else if arguments.tree {
        tree::list(&opened.image, &fingerprints, json, &mut faults, out)?;
    } else if arguments.fingerprints {
        tree::fingerprints(&opened.image, &fingerprints, json, &mut faults, out)?;
    } else {
        superblock::run(&opened.image, &fingerprints, json, &mut faults, out)?;
    }
    Ok(faults.verdict())
}
