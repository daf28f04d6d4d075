// SPDX-License-Identifier: GPL-2.0
//! One file: its inode, its attributes, and where its bytes are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use cofs_core::compressed::{Algorithm, Cluster, File, Finder, Reach, Source};
use cofs_core::{lookup, map, Error, Inode, Kind, Layout, Place};
use cofs_reader::Image;
use serde::Serialize;

use super::tree::Line;
use crate::failure::{text, Failure, Result};
use crate::fingerprint::Fingerprints;
use crate::open::Opened;
use crate::output::{show, Output, Table};

/// A range of the file. Everything is in bytes.
#[derive(Serialize)]
struct Extent {
    offset: u64,
    len: u64,
    /// `device`, `metadata`, `packed` for a fragment, or `hole`.
    place: &'static str,
    /// 0 is the image's own address space.
    device: u16,
    pos: u64,
    stored_len: u64,
    algorithm: &'static str,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    line: Line,
    layout: &'static str,
    attributes: Vec<String>,
    extents: Vec<Extent>,
}

fn find(image: &Image, path: &[u8]) -> cofs_core::Result<Option<Inode>> {
    let sb = image.superblock();
    let mut inode = image.inode(sb.root_nid())?;
    for name in path.split(|&byte| byte == b'/').filter(|n| !n.is_empty()) {
        if inode.kind() != Kind::Directory {
            return Ok(None);
        }
        match lookup(&image.content(&inode), sb, inode.size(), name)? {
            Some(found) => inode = image.inode(found.nid)?,
            None => return Ok(None),
        }
    }
    Ok(Some(inode))
}

fn place(place: Place) -> (&'static str, u16, u64) {
    match place {
        Place::Hole => ("hole", 0, 0),
        Place::Device { device, pos } => ("device", device, pos),
        Place::Meta { pos } => ("metadata", 0, pos),
    }
}

fn of_cluster(cluster: &Cluster) -> Extent {
    let (place, device, pos, stored_len, algorithm) = match cluster.source {
        Source::Hole => ("hole", 0, 0, 0, ""),
        Source::Fragment { pos } => ("packed", 0, pos, cluster.len, ""),
        Source::Encoded(encoded) => {
            let (place, device, pos) = place(encoded.place);
            let algorithm = match encoded.algorithm {
                Algorithm::Shifted => "plain",
                Algorithm::Interlaced => "interlaced",
                Algorithm::Lz4 => "lz4",
                Algorithm::Lzma => "lzma",
                Algorithm::Deflate => "deflate",
                Algorithm::Zstd => "zstd",
            };
            (place, device, pos, encoded.len, algorithm)
        }
    };
    Extent {
        offset: cluster.offset,
        len: cluster.len,
        place,
        device,
        pos,
        stored_len,
        algorithm,
    }
}

/// All of a file, and what is wrong behind the last.
fn extents(image: &Image, inode: &Inode) -> (Vec<Extent>, Option<Error>) {
    let mut found = Vec::new();
    let error = collect(image, inode, &mut found).err();
    (found, error)
}

fn collect(image: &Image, inode: &Inode, found: &mut Vec<Extent>) -> cofs_core::Result<()> {
    let sb = image.superblock();
    let mut offset = 0;
    if matches!(inode.layout(), Layout::Compressed { .. }) {
        let file = File::read(image, sb, inode)?;
        let mut finder = Finder::new(image, sb, &file);
        while offset < inode.size() {
            let cluster = finder.find(offset, Reach::Whole)?;
            offset = cluster.end();
            found.push(of_cluster(&cluster));
        }
        return Ok(());
    }
    while offset < inode.size() {
        let extent = map(image, sb, inode, offset, inode.size() - offset)?;
        let len = extent.len.min(inode.size() - offset);
        let (place, device, pos) = place(extent.place);
        found.push(Extent {
            offset,
            len,
            place,
            device,
            pos,
            stored_len: if place == "hole" { 0 } else { len },
            algorithm: "",
        });
        offset += len;
    }
    Ok(())
}

pub(super) fn run(
    opened: &Opened,
    fingerprints: &Fingerprints<'_>,
    path: &OsStr,
    json: bool,
    out: &mut Output,
) -> Result<()> {
    let shown = show(path.as_bytes());
    let failed = |error| Failure::of(format!("{}: {shown}", opened.name), text(error));
    let inode = find(&opened.image, path.as_bytes())
        .map_err(failed)?
        .ok_or_else(|| Failure::of(&opened.name, format!("there is no {shown}")))?;
    let (extents, error) = extents(&opened.image, &inode);
    let fingerprint = fingerprints.of(&inode).map_err(failed)?;
    let report = Report {
        layout: match inode.layout() {
            Layout::Plain { .. } => "plain",
            Layout::Inline { .. } => "inline",
            Layout::Chunk { .. } => "chunked",
            Layout::Compressed { .. } => "compressed",
        },
        attributes: fingerprints.attributes(&inode).map_err(failed)?,
        extents,
        line: Line::new(shown.clone(), &inode, fingerprint),
    };
    if json {
        out.json(&report)?;
    } else {
        report.print(out)?;
    }
    match error {
        Some(error) => Err(failed(error)),
        None => Ok(()),
    }
}

impl Report {
    fn print(&self, out: &mut Output) -> Result<()> {
        let line = &self.line;
        out.line(format!(
            "{} {} {}:{}, {} bytes, {} links, node {}, {}",
            line.kind, line.mode, line.uid, line.gid, line.size, line.links, line.nid, self.layout
        ))?;
        out.line(format!("mtime {}", line.mtime))?;
        let fingerprint = line.fingerprint.as_deref().unwrap_or("none");
        out.line(format!("fingerprint {fingerprint}"))?;
        for name in &self.attributes {
            out.line(format!("attribute {name}"))?;
        }
        if self.extents.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(0, ["offset", "bytes", "stored", "at", "in", "as"]);
        for extent in &self.extents {
            table.row([
                extent.offset.to_string(),
                extent.len.to_string(),
                extent.stored_len.to_string(),
                match extent.place {
                    "hole" => "-".into(),
                    _ => extent.pos.to_string(),
                },
                match (extent.place, extent.device) {
                    ("device", 0) => "image".into(),
                    ("device", number) => format!("device {number}"),
                    (place, _) => place.into(),
                },
                extent.algorithm.to_string(),
            ]);
        }
        table.print(out)
    }
}
