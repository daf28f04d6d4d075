// SPDX-License-Identifier: GPL-2.0
//! A tree with the digests of its files, from a mount or from an image without one.

use std::path::Path;

use rustix::fs::FileType;
use rustix::io;

use crate::content::{open, pread_full};
use crate::damage::Seen;
use crate::error::{name, Context, Result};
use crate::image::Image;
use crate::walk;

/// As much of a file is read for its digest.
const WHOLE: u64 = 64 << 20;

/// Prints the manifest of a directory, or an image with its extra devices; false if the image
/// does not mount.
pub(crate) fn print(source: &Path, devices: &[&str]) -> Result<bool> {
    let seen = if source.is_dir() {
        Seen::Tree(of_mount(source, WHOLE)?)
    } else {
        of_file(source, devices, WHOLE)?
    };
    match seen {
        Seen::Refused(error) => {
            println!("mount={error}");
            Ok(false)
        }
        Seen::Tree(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            Ok(true)
        }
    }
}

/// One line for each name below `dir`. Of a file larger than `piece` as much of either end is read.
pub(crate) fn of_mount(dir: &Path, piece: u64) -> Result<Vec<String>> {
    let nodes = walk::walk(dir)?.into_iter();
    Ok(nodes
        .map(|mut node| {
            if node.kind == FileType::RegularFile {
                node.line.push_str(&match open(&dir.join(&node.path)) {
                    Ok(fd) => ends(node.size, piece, |at, bytes| pread_full(&fd, bytes, at)),
                    Err(e) => format!(" open={}", e.rsplit(' ').next().unwrap_or("E")),
                });
            }
            node.line
        })
        .collect())
}

/// The same as the reference reader gives it of a file, with extra devices in others.
pub(crate) fn of_file(image: &Path, devices: &[&str], piece: u64) -> Result<Seen> {
    let bytes = read_all(devices)?;
    let devices: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    Ok(of_devices(&read(image)?, &devices, piece))
}

/// A whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).what(|| format!("read {}", path.display()))
}

/// Whole files.
pub(crate) fn read_all(paths: &[&str]) -> Result<Vec<Vec<u8>>> {
    paths.iter().map(|path| read(Path::new(path))).collect()
}

/// The same of an image and its extra devices in memory.
pub(crate) fn of_devices(bytes: &[u8], devices: &[&[u8]], piece: u64) -> Seen {
    let image = match Image::with_devices(bytes, devices) {
        Ok(image) => image,
        Err(e) => return Seen::Refused(name(e)),
    };
    let nodes = walk::walk_tree(&image).into_iter();
    Seen::Tree(
        nodes
            .map(|mut node| {
                if node.kind == FileType::RegularFile {
                    node.line.push_str(&match image.open(&node.path) {
                        Ok(()) => content(&image, &node, piece),
                        Err(e) => format!(" open={}", name(e)),
                    });
                }
                node.line
            })
            .collect(),
    )
}

/// What the reference reader has of a file, by pages; if it is more, or something else, in order of extents,
/// that as well: `|` is between them.
fn content(image: &Image<'_>, node: &walk::Node, piece: u64) -> String {
    let mut text = ends(node.size, piece, |at, bytes| {
        image.read(&node.path, at, bytes).map(|()| bytes.len())
    });
    if node.size > piece {
        return text;
    }
    if let Some(bytes) = image.in_order(&node.path) {
        let other = format!(" {}:{}", bytes.len(), walk::digest(&bytes));
        if text.contains("=E") {
            text = other;
        } else if text != other {
            text = format!("{text}|{}", other.trim_start());
        }
    }
    text
}

/// The digest of a file, or of a large one's first and last piece.
pub(crate) fn ends(
    size: u64,
    piece: u64,
    read: impl Fn(u64, &mut [u8]) -> io::Result<usize>,
) -> String {
    let one = |at: u64| {
        let mut bytes = vec![0; piece.min(size - at) as usize];
        match read(at, &mut bytes) {
            Ok(n) => format!(" {n}:{}", walk::digest(&bytes[..n])),
            Err(e) => format!(" read={}", name(e)),
        }
    };
    if size <= piece {
        one(0)
    } else {
        one(0) + &one(size - piece)
    }
}
