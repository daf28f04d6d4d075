// SPDX-License-Identifier: GPL-2.0
//! Where a compressed file's clusters are, and which pages of a file cannot be read.

use std::path::Path;

use cofs_core::compressed::Source;
use cofs_core::Place;
use rustix::fs::{fadvise, fstat, Advice};

use crate::content::open;
use crate::error::{name, Context, Result};
use crate::image::Image;
use crate::manifest;
use crate::sys::PAGE;

/// A line for each cluster on the device: offset and length in the file, place and length on the device.
pub(crate) fn print(image: &Path, path: &Path) -> Result<()> {
    let bytes = manifest::read(image)?;
    let image = Image::mount(&bytes).what(|| "mount".into())?;
    for cluster in image.clusters(path).what(|| "clusters".into())? {
        let Source::Encoded(encoded) = cluster.source else {
            continue;
        };
        if let Place::Device { pos, .. } = encoded.place {
            println!("{} {} {pos} {}", cluster.offset, cluster.len, encoded.len);
        }
    }
    Ok(())
}

/// A line for each range of pages that a cold read(2) of each by itself does not give, with the errno. Looked
/// at are the pages around the ends of a range, and some of all others.
pub(crate) fn unreadable(path: &Path, start: u64, len: u64) -> Result<()> {
    const AROUND: u64 = 20;
    const STEP: u64 = 97;
    let fd = open(path)?;
    let pages = (fstat(&fd).what(|| "fstat".into())?.st_size as u64).div_ceil(PAGE as u64);
    fadvise(&fd, 0, None, Advice::DontNeed).what(|| "fadvise".into())?;
    fadvise(&fd, 0, None, Advice::Random).what(|| "fadvise".into())?;
    let page = PAGE as u64;
    let ends = [start / page, (start + len) / page];
    let near = |number: &u64| ends.iter().any(|end| number.abs_diff(*end) < AROUND);
    let mut range: Option<(u64, u64, String)> = None;
    for number in (0..=pages).filter(|n| n % STEP == 0 || near(n) || *n == pages) {
        let at = number * page;
        let answer = rustix::io::pread(&fd, &mut [0u8; PAGE], at);
        let error = answer.err().map(name);
        range = match (range, error) {
            (Some((start, _, old)), Some(error)) if old == error => Some((start, at + page, old)),
            (old, error) => {
                if let Some((start, end, errno)) = old {
                    println!("{start} {} {errno}", end - start);
                }
                error.map(|error| (at, at + page, error))
            }
        };
    }
    Ok(())
}
