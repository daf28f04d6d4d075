// SPDX-License-Identifier: GPL-2.0
//! The superblock, and what a walk through the image adds up to.

use cofs_core::format::superblock::INCOMPAT_DEVICE_TABLE;
use cofs_core::{Inode, Kind, Layout, SuperBlock};
use cofs_reader::Image;
use serde::Serialize;

use crate::failure::{text, Result};
use crate::fingerprint::Fingerprints;
use crate::open::checksum;
use crate::output::{hex, mib, show, Faults, Output};
use crate::walk::walk_readable;

/// Bits of `feature_compat`, by the names that erofs has for them.
const COMPAT: [(u32, &str); 6] = [
    (0x01, "sb_chksum"),
    (0x02, "mtime"),
    (0x04, "xattr_filter"),
    (0x08, "shared_ea_in_metabox"),
    (0x10, "plain_xattr_pfx"),
    (0x20, "ishare_xattrs"),
];

/// Bits of `feature_incompat`. The one that means two things is told apart by whether there are
/// extra devices.
const INCOMPAT: [(u32, &str); 9] = [
    (0x001, "zero_padding"),
    (0x002, "compr_cfgs,big_pcluster"),
    (0x004, "chunked_file"),
    (INCOMPAT_DEVICE_TABLE, "device_table"),
    (0x010, "ztailpacking"),
    (0x020, "fragments,dedupe"),
    (0x040, "xattr_prefixes"),
    (0x080, "48bit"),
    (0x100, "metabox"),
];

#[derive(Serialize)]
struct Slot {
    tag: String,
    blocks: u64,
    start: u64,
}

#[derive(Default, Serialize)]
struct Contents {
    names: u64,
    directories: u64,
    files: u64,
    symlinks: u64,
    special: u64,
    /// The sizes of regular files.
    bytes: u64,
    plain: u64,
    inline: u64,
    chunked: u64,
    compressed: u64,
    fingerprints: u64,
    fingerprint_bytes: u64,
    faults: u64,
}

#[derive(Serialize)]
struct Report {
    block_size: u64,
    blocks: u64,
    inodes: u64,
    root_nid: u64,
    epoch: i64,
    uuid: String,
    volume_name: String,
    checksum: &'static str,
    features: Vec<&'static str>,
    algorithms: Vec<String>,
    devices: Vec<Slot>,
    xattr_prefixes: u8,
    fingerprint_prefix: Option<u8>,
    contents: Contents,
}

fn features(sb: &SuperBlock) -> Vec<&'static str> {
    let compat = COMPAT.iter().filter(|(bit, _)| sb.has_compat(*bit));
    let incompat = INCOMPAT.iter().filter(|(bit, _)| sb.has_incompat(*bit));
    let name = |&(bit, name): &(u32, &'static str)| match bit {
        INCOMPAT_DEVICE_TABLE if !sb.needs_devices() => "compr_head2",
        _ => name,
    };
    compat
        .map(|(_, name)| *name)
        .chain(incompat.map(name))
        .flat_map(|names| names.split(','))
        .collect()
}

fn algorithms(sb: &SuperBlock) -> Vec<String> {
    let known = sb.algorithms();
    let lz4 = known.lz4.map(|lz4| {
        let blocks = lz4.max_cluster_blocks;
        format!("lz4 (clusters of up to {blocks} blocks)")
    });
    let lzma = known
        .lzma_dict_size
        .map(|size| format!("lzma (dictionary of {size} bytes)"));
    let window = |name, bits: Option<u8>| {
        bits.map(|bits| format!("{name} (window of {} bytes)", 1u64 << bits.min(63)))
    };
    [
        lz4,
        lzma,
        window("deflate", known.deflate_window_bits),
        window("zstd", known.zstd_window_log),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Contents {
    fn add(&mut self, inode: &Inode) {
        match inode.kind() {
            Kind::Directory => self.directories += 1,
            Kind::Symlink => self.symlinks += 1,
            Kind::Regular => {
                self.files += 1;
                self.bytes = self.bytes.saturating_add(inode.size());
                match inode.layout() {
                    Layout::Plain { .. } => self.plain += 1,
                    Layout::Inline { .. } => self.inline += 1,
                    Layout::Chunk { .. } => self.chunked += 1,
                    Layout::Compressed { .. } => self.compressed += 1,
                }
            }
            _ => self.special += 1,
        }
    }
}

/// `01234567-89ab-…`
fn uuid(bytes: &[u8; 16]) -> String {
    let parts = [
        &bytes[..4],
        &bytes[4..6],
        &bytes[6..8],
        &bytes[8..10],
        &bytes[10..],
    ];
    parts.map(hex).join("-")
}

pub(super) fn run(
    image: &Image,
    fingerprints: &Fingerprints<'_>,
    json: bool,
    faults: &mut Faults,
    out: &mut Output,
) -> Result<()> {
    let sb = image.superblock();
    let mut contents = Contents::default();
    walk_readable(image, faults, |entry, inode, faults| {
        contents.names += 1;
        if !entry.first {
            return Ok(());
        }
        contents.add(inode);
        match fingerprints.of(inode) {
            Ok(None) => {}
            Ok(Some(_)) => {
                contents.fingerprints += 1;
                contents.fingerprint_bytes =
                    contents.fingerprint_bytes.saturating_add(inode.size());
            }
            Err(error) => faults.add(&entry.path(), text(error)),
        }
        Ok(())
    })?;
    contents.faults = faults.count();
    let report = Report {
        block_size: sb.block_size(),
        blocks: sb.blocks(),
        inodes: sb.inos(),
        root_nid: sb.root_nid(),
        epoch: sb.epoch(),
        uuid: uuid(sb.uuid()),
        volume_name: show(sb.volume_name()),
        checksum: checksum(sb),
        features: features(sb),
        algorithms: algorithms(sb),
        devices: image
            .devices()
            .iter()
            .map(|slot| Slot {
                tag: show(slot.name().unwrap_or_default()),
                blocks: slot.blocks,
                start: slot.start,
            })
            .collect(),
        xattr_prefixes: sb.xattr_prefix_count(),
        fingerprint_prefix: sb.ishare_prefix(),
        contents,
    };
    if json {
        return out.json(&report);
    }
    report.print(out)
}

impl Report {
    fn print(&self, out: &mut Output) -> Result<()> {
        let list = |words: &[String]| match words {
            [] => "none".to_string(),
            _ => words.join(", "),
        };
        let features: Vec<_> = self.features.iter().map(|name| name.to_string()).collect();
        let mut line = |name: &str, value: String| out.line(format!("{name:<14}{value}"));
        line(
            "blocks",
            format!("{} of {} bytes", self.blocks, self.block_size),
        )?;
        line("inodes", format!("{}, root {}", self.inodes, self.root_nid))?;
        line("epoch", self.epoch.to_string())?;
        line("uuid", self.uuid.clone())?;
        line("volume name", self.volume_name.clone())?;
        line("checksum", self.checksum.into())?;
        line("features", list(&features))?;
        line("algorithms", list(&self.algorithms))?;
        for (number, slot) in (1..).zip(&self.devices) {
            let name = format!("device {number}");
            line(
                &name,
                format!("{} blocks at {}, {}", slot.blocks, slot.start, slot.tag),
            )?;
        }
        line("xattr prefixes", format!(" {}", self.xattr_prefixes))?;
        line(
            "fingerprints",
            match self.fingerprint_prefix {
                Some(id) => format!("in the attribute of prefix {id}"),
                None => "in an attribute that the mount names".into(),
            },
        )?;
        let all = &self.contents;
        line(
            "names",
            format!(
                "{}: {} directories, {} files, {} links, {} special",
                all.names, all.directories, all.files, all.symlinks, all.special
            ),
        )?;
        line(
            "files",
            format!(
                "{} MiB: {} plain, {} with tails, {} chunked, {} compressed",
                mib(all.bytes),
                all.plain,
                all.inline,
                all.chunked,
                all.compressed
            ),
        )?;
        line(
            "fingerprints",
            format!(
                "{} files, {} MiB",
                all.fingerprints,
                mib(all.fingerprint_bytes)
            ),
        )
    }
}
