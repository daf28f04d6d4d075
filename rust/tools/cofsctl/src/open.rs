// SPDX-License-Identifier: GPL-2.0
//! Images as they are named on the command line: `FILE[,device=FILE]...[,fsoffset=BYTES]`.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use cofs_core::format::superblock::COMPAT_SB_CHKSUM;
use cofs_core::SuperBlock;
use cofs_reader::{crc32c, Image, Store};

use crate::failure::{text, Failure, Result};
use crate::output::show;

/// An image that was opened.
pub(crate) struct Opened {
    /// As it was named, for messages.
    pub(crate) name: String,
    pub(crate) image: Image,
}

/// Opens the image that `word` names. A file whose name has commas in it is meant before options are.
pub(crate) fn open(word: &OsStr) -> Result<Opened> {
    let bytes = word.as_bytes();
    let name = show(bytes);
    let mut pieces = bytes.split(|&byte| byte == b',');
    let first = if Path::new(word).exists() {
        pieces.by_ref().for_each(drop);
        bytes
    } else {
        pieces.next().unwrap_or_default()
    };
    let mut stores = vec![store(first)?];
    let mut offset = 0;
    for option in pieces {
        if let Some(device) = option.strip_prefix(b"device=") {
            stores.push(store(device)?);
        } else if let Some(number) = option.strip_prefix(b"fsoffset=") {
            let number = std::str::from_utf8(number).ok();
            offset = number
                .and_then(|number| number.parse().ok())
                .ok_or_else(|| Failure::of(&name, "fsoffset= wants a number of bytes"))?;
        } else {
            let cause = format!(
                "unknown option '{}': there are device= and fsoffset=",
                show(option)
            );
            return Err(Failure::of(name, cause));
        }
    }
    match Image::open(stores, offset, crc32c) {
        Ok(image) => Ok(Opened { name, image }),
        Err(error) => Err(Failure::Image(format!("{name}: {}", text(error)))),
    }
}

/// What the superblock's checksum is: an image with a wrong one is not opened.
pub(crate) fn checksum(sb: &SuperBlock) -> &'static str {
    match sb.has_compat(COMPAT_SB_CHKSUM) {
        true => "right",
        false => "none",
    }
}

fn store(path: &[u8]) -> Result<Store> {
    let path = Path::new(OsStr::from_bytes(path));
    let failed = |error| Failure::of(path.display(), error);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(Failure::of(path.display(), "is a directory, not an image"));
    }
    Store::file(file).map_err(failed)
}
