// SPDX-License-Identifier: GPL-2.0

//! A tree and the ways to take the bytes of its files into the page cache.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::sendfile;

/// Takes one regular file and says how many bytes it gave.
pub(crate) type Visit = fn(&Path) -> io::Result<u64>;

/// As much as `cat` asks for at once.
const CHUNK: usize = 128 << 10;

/// Calls `visit` for every path below `dir` that is a regular file, and sums up.
///
/// Symbolic links are resolved by nobody but read by everybody, so that their pages are in
/// memory before the first sample.
pub(crate) fn each_file(dir: &Path, visit: Visit) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir).map_err(|e| name(e, dir))? {
        let path = entry?.path();
        let info = fs::symlink_metadata(&path).map_err(|e| name(e, &path))?;
        let kind = info.file_type();
        if kind.is_dir() {
            bytes += each_file(&path, visit)?;
        } else if kind.is_file() {
            bytes += visit(&path).map_err(|e| name(e, &path))?;
        } else if kind.is_symlink() {
            fs::read_link(&path).map_err(|e| name(e, &path))?;
        }
    }
    Ok(bytes)
}

/// Looks at the inode only.
pub(crate) fn size(path: &Path) -> io::Result<u64> {
    Ok(fs::symlink_metadata(path)?.len())
}

/// read(2) to the end.
pub(crate) fn read(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(bytes),
            n => bytes += n as u64,
        }
    }
}

/// sendfile(2) to the end, into /dev/null.
pub(crate) fn send(path: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    let null = File::options().write(true).open("/dev/null")?;
    let mut bytes = 0;
    loop {
        match sendfile(&null, &file, None, CHUNK)? {
            0 => return Ok(bytes),
            n => bytes += n as u64,
        }
    }
}

fn name(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
