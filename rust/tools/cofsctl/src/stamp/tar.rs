// SPDX-License-Identifier: GPL-2.0
//! Fingerprints as attributes in an archive. Whatever else it has is copied as it is.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tar::{EntryType, GnuExtSparseHeader, Header};

use super::Done;
use crate::failure::{Failure, Result};
use crate::fingerprint::by_sha256;
use crate::output::show;

const BLOCK: u64 = 512;

/// More than a page of names and values: an archive with larger extended headers is refused.
const MOST_RECORDS: u64 = 16 << 20;

/// How attributes are named in extended headers.
const XATTR: &str = "SCHILY.xattr.";

/// Says of an end what it is the end of.
fn early(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => bad("the archive ends early"),
        _ => error,
    }
}

/// A decimal number.
fn number(text: &[u8]) -> io::Result<u64> {
    let text = std::str::from_utf8(text).ok();
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| bad("broken extended header"))
}

/// The records of an extended header, names and values.
#[derive(Default)]
struct Records(Vec<(Vec<u8>, Vec<u8>)>);

fn bad(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

impl Records {
    /// `LENGTH NAME=VALUE\n`, where the length is that of all of it.
    fn parse(mut bytes: &[u8]) -> io::Result<Self> {
        let mut records = Vec::new();
        while !bytes.is_empty() {
            let broken = || bad("broken extended header");
            let space = bytes.iter().position(|&byte| byte == b' ');
            let len = number(&bytes[..space.ok_or_else(broken)?])? as usize;
            let (record, rest) = bytes.split_at_checked(len).ok_or_else(broken)?;
            let record = record.get(space.unwrap_or(0) + 1..);
            let record = record.and_then(|record| record.strip_suffix(b"\n"));
            let record = record.ok_or_else(broken)?;
            let equals = record.iter().position(|&byte| byte == b'=');
            let (name, value) = record.split_at(equals.ok_or_else(broken)?);
            records.push((name.to_vec(), value[1..].to_vec()));
            bytes = rest;
        }
        Ok(Self(records))
    }

    /// The value that counts, which is the last.
    fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().rev().find(|(n, _)| n == name.as_bytes());
        found.map(|(_, value)| &value[..])
    }

    fn set(&mut self, name: &str, value: Vec<u8>) {
        self.0.retain(|(n, _)| n != name.as_bytes());
        self.0.push((name.as_bytes().to_vec(), value));
    }

    /// Whether they say where in the file its data belong.
    fn sparse(&self) -> bool {
        self.0
            .iter()
            .any(|(name, _)| name.starts_with(b"GNU.sparse."))
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, value) in &self.0 {
            // A space, an equals sign, the end of the line.
            let rest = name.len() + value.len() + 3;
            let mut len = rest;
            while len != rest + len.to_string().len() {
                len = rest + len.to_string().len();
            }
            bytes.extend(format!("{len} ").bytes());
            bytes.extend_from_slice(name);
            bytes.push(b'=');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        bytes
    }
}

/// What precedes an entry: the records of its own extended header, and other headers.
#[derive(Default)]
struct Before {
    records: Records,
    raw: Vec<u8>,
}

struct Stamper<'a> {
    from: BufReader<File>,
    to: BufWriter<File>,
    name: &'a str,
    done: &'a mut Done,
}

/// Stamps an archive: to `output`, or where it is.
pub(super) fn stamp(path: &Path, output: Option<&Path>, name: &str, done: &mut Done) -> Result<()> {
    let failed = |error| Failure::of(path.display(), error);
    let target = output.unwrap_or(path);
    let mut beside = target.as_os_str().to_owned();
    beside.push(".stamping");
    let beside = PathBuf::from(beside);
    let failed_beside = |error: io::Error| Failure::of(beside.display(), error);
    let from = File::open(path).map_err(failed)?;
    let permissions = from.metadata().map_err(failed)?.permissions();
    let mut stamper = Stamper {
        from: BufReader::with_capacity(1 << 20, from),
        to: BufWriter::with_capacity(1 << 20, File::create(&beside).map_err(failed_beside)?),
        name,
        done,
    };
    // A stamped archive is there whole or not at all.
    let result = stamper
        .archive()
        .map_err(early)
        .map_err(failed)
        .and_then(|()| {
            stamper
                .to
                .get_ref()
                .set_permissions(permissions)
                .map_err(failed_beside)?;
            fs::rename(&beside, target).map_err(failed_beside)
        });
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

impl Stamper<'_> {
    fn archive(&mut self) -> io::Result<()> {
        let mut before = Before::default();
        let mut first = true;
        loop {
            let mut header = Header::new_old();
            // Not all that make archives end them as they should.
            if !first && self.from.fill_buf()?.is_empty() {
                return self.to.flush();
            }
            self.from.read_exact(header.as_mut_bytes())?;
            if header.as_bytes().iter().all(|&byte| byte == 0) {
                self.to.write_all(header.as_bytes())?;
                io::copy(&mut self.from, &mut self.to)?;
                return self.to.flush();
            }
            self.check(&header, first)?;
            first = false;
            before = self.entry(header, before)?;
        }
    }

    fn check(&self, header: &Header, first: bool) -> io::Result<()> {
        let sum: u32 = header.as_bytes().iter().map(|&byte| u32::from(byte)).sum();
        let field = &header.as_old().cksum;
        let field_sum: u32 = field.iter().map(|&byte| u32::from(byte)).sum();
        // The field itself counts as spaces.
        if header.cksum().ok() == Some(sum - field_sum + 8 * u32::from(b' ')) {
            return Ok(());
        }
        Err(bad(match first {
            true => "is no tar archive; if it is compressed, decompress it first",
            false => "the archive has a broken header",
        }))
    }

    /// Copies an entry; what precedes the next one is returned.
    fn entry(&mut self, header: Header, mut before: Before) -> io::Result<Before> {
        let kind = header.entry_type();
        let stored = match before.records.get("size") {
            Some(size) => number(size)?,
            None => header.entry_size()?,
        };
        match kind {
            EntryType::XHeader => {
                let more = Records::parse(&self.bytes(stored)?)?;
                before.records.0.extend(more.0);
                return Ok(before);
            }
            EntryType::GNULongName | EntryType::GNULongLink => {
                let bytes = self.bytes(stored)?;
                before.raw.extend_from_slice(header.as_bytes());
                before.raw.extend_from_slice(&bytes);
                before.raw.resize(before.raw.len().next_multiple_of(512), 0);
                return Ok(before);
            }
            _ => {}
        }
        let file = matches!(
            kind,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse
        );
        let mut behind = Vec::new();
        if kind == EntryType::GNUSparse || before.records.sparse() {
            let path = header.path_bytes();
            let path = before.records.get("GNU.sparse.name").unwrap_or(&path);
            self.done.faults.add(
                &show(path),
                "left without a fingerprint: it is sparse, which mkfs.erofs does not understand",
            );
            behind = self.more_headers(&header)?;
        } else if file && stored > 0 {
            let value = self.digest(stored)?;
            self.done.files += 1;
            let name = format!("{XATTR}{}", self.name);
            if before.records.get(&name) == Some(&value) {
                self.done.right += 1;
            }
            before.records.set(&name, value);
        }
        self.write(&header, &before, &behind)?;
        // Links and directories may have a size, but have no data.
        let data = match kind {
            EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo => 0,
            _ => stored,
        };
        let padded = data.next_multiple_of(BLOCK);
        let copied = io::copy(&mut (&mut self.from).take(padded), &mut self.to)?;
        if copied != padded {
            return Err(bad("the archive ends early"));
        }
        Ok(Before::default())
    }

    /// The data of a small entry.
    fn bytes(&mut self, len: u64) -> io::Result<Vec<u8>> {
        if len > MOST_RECORDS {
            return Err(bad("the archive has an extended header that is too large"));
        }
        let mut bytes = vec![0; len.next_multiple_of(BLOCK) as usize];
        self.from.read_exact(&mut bytes)?;
        bytes.truncate(len as usize);
        Ok(bytes)
    }

    /// What follows the header of a file that is sparse in the old form of GNU tar.
    fn more_headers(&mut self, header: &Header) -> io::Result<Vec<u8>> {
        let mut raw = Vec::new();
        let gnu = header.as_gnu();
        let mut more = header.entry_type() == EntryType::GNUSparse
            && gnu.is_some_and(|header| header.is_extended());
        while more {
            let mut block = GnuExtSparseHeader::new();
            self.from.read_exact(block.as_mut_bytes())?;
            raw.extend_from_slice(block.as_bytes());
            more = block.is_extended();
        }
        Ok(raw)
    }

    /// The fingerprint of the file whose `len` bytes follow, and are still ahead then.
    fn digest(&mut self, len: u64) -> io::Result<Vec<u8>> {
        let mut hasher = Sha256::new();
        let mut piece = vec![0; len.min(1 << 20) as usize];
        let mut left = len;
        while left > 0 {
            let now = left.min(piece.len() as u64) as usize;
            self.from.read_exact(&mut piece[..now])?;
            hasher.update(&piece[..now]);
            self.done.read(now as u64);
            left -= now as u64;
        }
        // Within the buffer this keeps what is there.
        let back = i64::try_from(len).map_err(|_| bad("a file is too large"))?;
        self.from.seek_relative(-back)?;
        Ok(by_sha256(hasher))
    }

    /// The headers of an entry.
    fn write(&mut self, header: &Header, before: &Before, behind: &[u8]) -> io::Result<()> {
        if !before.records.0.is_empty() {
            let bytes = before.records.bytes();
            let mut extended = Header::new_ustar();
            let name = show(&header.path_bytes());
            // Nobody goes by it, and a name of the entry's does not fit always.
            let name: String = format!("PaxHeaders/{name}").chars().take(60).collect();
            let plain = name.chars().filter(char::is_ascii);
            extended.set_path(plain.collect::<String>().trim_end_matches('/'))?;
            extended.set_entry_type(EntryType::XHeader);
            extended.set_mode(0o644);
            extended.set_uid(0);
            extended.set_gid(0);
            extended.set_mtime(header.mtime().unwrap_or(0));
            extended.set_size(bytes.len() as u64);
            extended.set_cksum();
            self.to.write_all(extended.as_bytes())?;
            self.to.write_all(&bytes)?;
            let padding = bytes.len().next_multiple_of(512) - bytes.len();
            self.to.write_all(&vec![0; padding])?;
        }
        self.to.write_all(&before.raw)?;
        self.to.write_all(header.as_bytes())?;
        self.to.write_all(behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_go_both_ways() {
        let mut records = Records::default();
        for len in [0, 1, 2, 80, 90, 91, 92, 900, 980, 990] {
            // Values may be anything, ends of lines and other records as well.
            let value = b"\n9 a=b\n".iter().cycle().take(len).copied().collect();
            records.set(&format!("name-{len}"), value);
        }
        let bytes = records.bytes();
        let again = Records::parse(&bytes).unwrap();
        assert_eq!(again.0, records.0);
        assert_eq!(
            Records::parse(b"30 mtime=1350244992.023960108\n")
                .unwrap()
                .0
                .len(),
            1
        );
        for broken in [
            "x",
            "9 a=b\n",
            "0 a=b\n",
            "5 ab\n",
            "6 a=bc",
            "99999999999999999999 a=b\n",
        ] {
            assert!(Records::parse(broken.as_bytes()).is_err(), "{broken:?}");
        }
    }
}
