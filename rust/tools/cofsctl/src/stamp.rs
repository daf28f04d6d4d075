// SPDX-License-Identifier: GPL-2.0
//! `cofsctl stamp`: fingerprints for what mkfs.erofs makes an image of, if that does not make them.

mod tar;
mod tree;

use std::fs;

use crate::cli;
use crate::failure::{Failure, Result};
use crate::output::{mib, Faults, Output};
use crate::progress::Progress;
use crate::Verdict;

/// What was done.
struct Done {
    files: u64,
    /// Had the right one.
    right: u64,
    bytes: u64,
    progress: Progress,
    faults: Faults,
}

impl Done {
    /// More bytes were read.
    fn read(&mut self, bytes: u64) {
        self.bytes += bytes;
        let (files, bytes) = (self.files, self.bytes);
        self.progress
            .tell(|| format!("{files} files, {} MiB", mib(bytes)));
    }
}

pub(crate) fn run(arguments: &cli::Stamp, out: &mut Output) -> Result<Verdict> {
    let path = &arguments.path;
    let metadata = fs::metadata(path).map_err(|error| Failure::of(path.display(), error))?;
    let mut done = Done {
        files: 0,
        right: 0,
        bytes: 0,
        progress: Progress::new(&format!("stamping {}", path.display())),
        faults: Faults::new(&path.display().to_string()),
    };
    let name = arguments.xattr.full();
    if metadata.is_dir() {
        if arguments.output.is_some() {
            let cause = "is stamped where it is: --output is for archives";
            return Err(Failure::of(path.display(), cause));
        }
        tree::stamp(path, &name, &mut done)?;
    } else {
        tar::stamp(path, arguments.output.as_deref(), &name, &mut done)?;
    }
    done.progress.clear();
    out.line(format!(
        "{}: {} files, {} MiB; {} had the right fingerprint",
        path.display(),
        done.files,
        mib(done.bytes),
        done.right
    ))?;
    Ok(done.faults.verdict())
}
