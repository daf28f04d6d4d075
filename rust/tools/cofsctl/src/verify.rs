// SPDX-License-Identifier: GPL-2.0
//! `cofsctl verify`: all of an image is read, and each fingerprint compared with what it stands for.

use cofs_core::{Inode, Kind};
use serde::Serialize;

use crate::cli;
use crate::failure::{text, Failure, Result};
use crate::fingerprint::{by_sha256, display, sha256_of, Fingerprints};
use crate::hash::{sha256, Budget, Stop};
use crate::open::{checksum, open, Opened};
use crate::output::{mib, Faults, Output};
use crate::progress::Progress;
use crate::walk::walk;
use crate::Verdict;

#[derive(Default, Serialize)]
struct Report {
    image: String,
    /// The superblock is right, or has none: an image with a wrong one is not read.
    checksum: &'static str,
    inodes: u64,
    files: u64,
    bytes: u64,
    fingerprints_right: u64,
    fingerprints_wrong: u64,
    /// Of another kind than `sha256:`.
    fingerprints_unknown: u64,
    without_fingerprint: u64,
    faults: u64,
}

struct Verifier<'a> {
    opened: &'a Opened,
    fingerprints: Fingerprints<'a>,
    budget: Budget,
    progress: Progress,
    report: Report,
    faults: Faults,
}

impl Verifier<'_> {
    fn fault(&mut self, path: &str, cause: impl AsRef<str>) {
        self.progress.clear();
        self.faults.add(path, cause);
    }

    fn inode(&mut self, path: &str, inode: &Inode) {
        self.report.inodes += 1;
        if let Err(error) = self.fingerprints.attributes(inode) {
            self.fault(path, format!("attributes: {}", text(error)));
        }
        match inode.kind() {
            Kind::Regular => self.file(path, inode),
            Kind::Symlink => {
                // No more than a page of it is ever used.
                let mut target = vec![0; inode.size().min(4096) as usize];
                if let Err(error) = self.opened.image.read(inode, 0, &mut target) {
                    self.fault(path, text(error));
                }
            }
            _ => {}
        }
    }

    fn file(&mut self, path: &str, inode: &Inode) {
        self.report.files += 1;
        let (report, progress) = (&mut self.report, &mut self.progress);
        let inodes = report.inodes;
        let digest = sha256(&self.opened.image, inode, &mut self.budget, |bytes| {
            report.bytes += bytes;
            progress.tell(|| format!("{inodes} inodes, {} MiB", mib(report.bytes)));
        });
        let digest = match digest {
            Ok(digest) => by_sha256(digest),
            Err(Stop::Fault(error)) => return self.fault(path, text(error)),
            Err(Stop::Limit) => return self.fault(path, "too large for what --limit leaves"),
        };
        match self.fingerprints.of(inode) {
            Ok(None) => self.report.without_fingerprint += 1,
            Ok(Some(value)) if value == digest => self.report.fingerprints_right += 1,
            Ok(Some(value)) if sha256_of(&value).is_some() => {
                self.report.fingerprints_wrong += 1;
                let (claim, truth) = (display(&value), display(&digest));
                self.fault(path, format!("claims to be {claim}, but is {truth}"));
            }
            Ok(Some(_)) => self.report.fingerprints_unknown += 1,
            Err(error) => self.fault(path, format!("fingerprint: {}", text(error))),
        }
    }
}

pub(crate) fn run(arguments: &cli::Verify, out: &mut Output) -> Result<Verdict> {
    let opened = match open(&arguments.image) {
        // What is wrong with the image is what was asked for.
        Err(Failure::Image(reason)) => {
            crate::output::warn(reason);
            return Ok(Verdict::Unsound);
        }
        opened => opened?,
    };
    let mut verifier = Verifier {
        fingerprints: Fingerprints::new(&opened.image, &arguments.reading.fingerprint_xattr),
        budget: Budget::new(arguments.limit, &opened.image),
        progress: Progress::new(&format!("verifying {}", opened.name)),
        report: Report {
            image: opened.name.clone(),
            checksum: checksum(opened.image.superblock()),
            ..Report::default()
        },
        faults: Faults::new(&opened.name),
        opened: &opened,
    };
    walk(&opened.image, |entry, inode| {
        match inode {
            Ok(inode) if entry.first => verifier.inode(&entry.path(), inode),
            Ok(_) => {}
            Err(error) => verifier.fault(&entry.path(), text(error)),
        }
        Ok(())
    })?;
    verifier.progress.clear();
    let (mut report, faults) = (verifier.report, verifier.faults);
    report.faults = faults.count();
    if arguments.reading.json {
        out.json(&report)?;
    } else {
        out.line(format!(
            "{}: {} inodes, {} files, {} MiB read; checksum {}; fingerprints: {} right, {} wrong, \
             {} of another kind, {} files without; {} faults",
            report.image,
            report.inodes,
            report.files,
            mib(report.bytes),
            report.checksum,
            report.fingerprints_right,
            report.fingerprints_wrong,
            report.fingerprints_unknown,
            report.without_fingerprint,
            report.faults
        ))?;
    }
    Ok(faults.verdict())
}
