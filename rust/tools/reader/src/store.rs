// SPDX-License-Identifier: GPL-2.0

//! Where the bytes of a device are: in memory, in a file, or on a block device.

use cofs_core::{
    pages::PAGE_SIZE,
    Error,
    Result, //
};
use std::{
    fs,
    io::{
        self,
        Seek,
        SeekFrom, //
    },
    os::unix::fs::FileExt, //
};

/// A device. The last page that it has a byte of is filled up with zeros.
#[derive(Debug)]
pub struct Store {
    bytes: Bytes,
    len: u64,
}

#[derive(Debug)]
enum Bytes {
    Memory(Vec<u8>),
    File(fs::File),
}

impl Store {
    /// Bytes in memory.
    pub fn memory(bytes: Vec<u8>) -> Self {
        Self {
            len: bytes.len() as u64,
            bytes: Bytes::Memory(bytes),
        }
    }

    /// A file or a block device, which are read as they are needed.
    pub fn file(mut file: fs::File) -> io::Result<Self> {
        Ok(Self {
            // stat(2) does not tell the size of a block device.
            len: file.seek(SeekFrom::End(0))?,
            bytes: Bytes::File(file),
        })
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where the last page ends.
    pub(crate) fn end(&self) -> u64 {
        self.len.checked_next_multiple_of(PAGE_SIZE).unwrap_or(0)
    }

    /// Fills `out` with the bytes at `pos`. [`Error::IO`] past the last page.
    pub(crate) fn read(&self, pos: u64, out: &mut [u8]) -> Result<()> {
        let wanted = pos.checked_add(out.len() as u64).ok_or(Error::IO)?;
        if wanted > self.end() {
            return Err(Error::IO);
        }
        let there = self.len.saturating_sub(pos).min(out.len() as u64) as usize;
        let (there, behind) = out.split_at_mut(there);
        behind.fill(0);
        match &self.bytes {
            Bytes::Memory(bytes) => {
                there.copy_from_slice(&bytes[pos.min(self.len) as usize..][..there.len()])
            }
            Bytes::File(file) => file
                .read_exact_at(there, pos)
                .map_err(|error| Error::Source(error.raw_os_error().unwrap_or(5)))?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_is_filled_up() {
        let store = Store::memory(vec![7; 4097]);
        let mut out = [1; 4];
        assert_eq!(store.read(4095, &mut out), Ok(()));
        assert_eq!(out, [7, 7, 0, 0]);
        assert_eq!(store.read(8188, &mut out), Ok(()));
        assert_eq!(out, [0; 4]);
        for pos in [8189, 8192, u64::MAX] {
            assert_eq!(store.read(pos, &mut out), Err(Error::IO));
        }
        assert_eq!(Store::memory(Vec::new()).read(0, &mut [0]), Err(Error::IO));
    }
}
