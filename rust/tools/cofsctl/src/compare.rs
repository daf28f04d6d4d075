// SPDX-License-Identifier: GPL-2.0
//! `cofsctl compare`: what images would share, by the rules that a mount goes by.

use std::collections::HashMap;

use cofs_core::pages::PAGE_SIZE;
use cofs_core::{Inode, Kind};
use serde::Serialize;

use crate::cli;
use crate::failure::{text, Result};
use crate::fingerprint::{by_sha256, display, Fingerprints};
use crate::hash::{sha256, Budget, Stop};
use crate::open::{open, Opened};
use crate::output::{mib, percent, warn, Faults, Output, Table};
use crate::walk::walk_readable;
use crate::Verdict;

/// One image, by itself and among the others. Bytes are those of pages.
#[derive(Default, Serialize)]
struct Side {
    image: String,
    /// Regular files that are not empty, each once however many names it has.
    files: u64,
    bytes: u64,
    fingerprints: u64,
    /// What another image has as well.
    common_files: u64,
    common_bytes: u64,
    common_percent: f64,
    faults: u64,
}

/// Files with one fingerprint and size.
struct Content {
    /// How many there are in each image.
    copies: Vec<u32>,
    path: String,
}

#[derive(Serialize)]
struct Big {
    path: String,
    size: u64,
    copies: u64,
    images: usize,
    fingerprint: String,
}

#[derive(Serialize)]
struct Report {
    images: Vec<Side>,
    /// With pages of their own for every file.
    alone_bytes: u64,
    shared_bytes: u64,
    saved_bytes: u64,
    saved_percent: f64,
    biggest: Vec<Big>,
}

type Contents = HashMap<(Vec<u8>, u64), Content>;

fn pages(size: u64) -> u64 {
    size.checked_next_multiple_of(PAGE_SIZE).unwrap_or(size)
}

/// The files of image number `at`.
fn gather(
    opened: &Opened,
    at: usize,
    arguments: &cli::Compare,
    contents: &mut Contents,
) -> Result<Side> {
    let fingerprints = Fingerprints::new(&opened.image, &arguments.reading.fingerprint_xattr);
    let mut faults = Faults::new(&opened.name);
    let mut budget = Budget::new(arguments.limit, &opened.image);
    let mut side = Side {
        image: opened.name.clone(),
        ..Side::default()
    };
    let mut value = |inode: &Inode| match fingerprints.of(inode) {
        Ok(None) if arguments.content => {
            sha256(&opened.image, inode, &mut budget, |_| {}).map(|hasher| Some(by_sha256(hasher)))
        }
        Ok(value) => Ok(value),
        Err(error) => Err(Stop::Fault(error)),
    };
    walk_readable(&opened.image, &mut faults, |entry, inode, faults| {
        if inode.kind() != Kind::Regular || !entry.first || inode.size() == 0 {
            return Ok(());
        }
        side.files += 1;
        side.bytes = side.bytes.saturating_add(pages(inode.size()));
        match value(inode) {
            Ok(None) => {}
            Ok(Some(value)) => {
                side.fingerprints += 1;
                let content = contents.entry((value, inode.size()));
                let content = content.or_insert_with(|| Content {
                    copies: vec![0; arguments.images.len()],
                    path: entry.path(),
                });
                content.copies[at] += 1;
            }
            Err(Stop::Fault(error)) => faults.add(&entry.path(), text(error)),
            Err(Stop::Limit) => faults.add(&entry.path(), "too large for what --limit leaves"),
        }
        Ok(())
    })?;
    side.faults = faults.count();
    Ok(side)
}

fn report(mut images: Vec<Side>, contents: &Contents, top: usize) -> Report {
    let alone_bytes = images
        .iter()
        .fold(0u64, |sum, side| sum.saturating_add(side.bytes));
    let mut saved_bytes = 0u64;
    let mut common = Vec::new();
    for ((fingerprint, size), content) in contents {
        let copies: u64 = content.copies.iter().map(|&n| u64::from(n)).sum();
        saved_bytes = saved_bytes.saturating_add(pages(*size).saturating_mul(copies - 1));
        let holders = content.copies.iter().filter(|&&copies| copies != 0).count();
        if holders < 2 {
            continue;
        }
        for (side, &copies) in images.iter_mut().zip(&content.copies) {
            let copies = u64::from(copies);
            side.common_files += copies;
            let bytes = pages(*size).saturating_mul(copies);
            side.common_bytes = side.common_bytes.saturating_add(bytes);
        }
        common.push((*size, copies, holders, fingerprint, &content.path));
    }
    for side in &mut images {
        side.common_percent = percent(side.common_bytes, side.bytes);
    }
    common.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.4.cmp(b.4)));
    common.truncate(top);
    Report {
        images,
        alone_bytes,
        shared_bytes: alone_bytes.saturating_sub(saved_bytes),
        saved_bytes,
        saved_percent: percent(saved_bytes, alone_bytes),
        biggest: common
            .into_iter()
            .map(|(size, copies, images, fingerprint, path)| Big {
                path: path.clone(),
                size,
                copies,
                images,
                fingerprint: display(fingerprint),
            })
            .collect(),
    }
}

impl Report {
    fn print(&self, out: &mut Output) -> Result<()> {
        let header = [
            "image",
            "files",
            "MiB",
            "fingerprints",
            "common",
            "MiB",
            "%",
        ];
        let mut table = Table::new(1, header);
        for side in &self.images {
            table.row([
                side.image.clone(),
                side.files.to_string(),
                mib(side.bytes),
                side.fingerprints.to_string(),
                side.common_files.to_string(),
                mib(side.common_bytes),
                format!("{:.2}", side.common_percent),
            ]);
        }
        table.print(out)?;
        out.line("")?;
        out.line(format!(
            "page cache, all read: {} MiB alone, {} MiB shared; {} MiB ({:.2} %) saved",
            mib(self.alone_bytes),
            mib(self.shared_bytes),
            mib(self.saved_bytes),
            self.saved_percent
        ))?;
        if self.biggest.is_empty() {
            return Ok(());
        }
        out.line("")?;
        let header = ["biggest common files", "MiB", "images", "copies"];
        let mut table = Table::new(1, header);
        for big in &self.biggest {
            table.row([
                big.path.clone(),
                mib(big.size),
                big.images.to_string(),
                big.copies.to_string(),
            ]);
        }
        table.print(out)
    }
}

pub(crate) fn run(arguments: &cli::Compare, out: &mut Output) -> Result<Verdict> {
    let opened: Vec<_> = arguments
        .images
        .iter()
        .map(|image| open(image))
        .collect::<Result<_>>()?;
    let mut contents = Contents::new();
    let mut sides = Vec::new();
    for (at, opened) in opened.iter().enumerate() {
        let side = gather(opened, at, arguments, &mut contents)?;
        if side.fingerprints == 0 && side.files != 0 {
            warn(format!(
                "{}: no file has a fingerprint: make the image with --xattr-inode-digest, stamp \
                 its source, or try --content",
                opened.name
            ));
        }
        sides.push(side);
    }
    let faults = sides.iter().any(|side| side.faults != 0);
    let report = report(sides, &contents, arguments.top);
    if arguments.reading.json {
        out.json(&report)?;
    } else {
        report.print(out)?;
    }
    Ok(if faults {
        Verdict::Unsound
    } else {
        Verdict::Sound
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_equal() {
        let mut contents = Contents::new();
        let mut add = |value: &[u8], size, copies: [u32; 2]| {
            let path = format!("/{}", String::from_utf8_lossy(value));
            let copies = copies.to_vec();
            contents.insert((value.to_vec(), size), Content { copies, path });
        };
        add(b"both", 10_000, [1, 2]);
        add(b"twice in one", 4096, [0, 2]);
        add(b"one", 1, [1, 0]);
        let side = |bytes| Side {
            bytes,
            ..Side::default()
        };
        let images = vec![side(12_288 + 4096), side(2 * 12_288 + 2 * 4096)];
        let report = report(images, &contents, 10);
        assert_eq!(report.alone_bytes, 3 * 12_288 + 3 * 4096);
        assert_eq!(report.saved_bytes, 2 * 12_288 + 4096);
        assert_eq!(report.images[0].common_bytes, 12_288);
        assert_eq!(report.images[1].common_bytes, 2 * 12_288);
        assert_eq!(report.images[0].common_percent, 75.0);
        assert_eq!(report.biggest.len(), 1);
        assert_eq!((report.biggest[0].copies, report.biggest[0].images), (3, 2));
    }
}
