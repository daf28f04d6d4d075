// SPDX-License-Identifier: GPL-2.0

//! The search for clusters, and what is demanded of each.

use super::{
    entry::Entries,
    extents::{
        self,
        Records,
        Sum, //
    },
    file::{
        File,
        Form, //
    },
    walk,
    Algorithm,
    Cluster,
    Encoded,
    Reach,
    Source,
    MAX_DECODED,
    MAX_ENCODED, //
};
use crate::{
    map::OUT_OF_IMAGE,
    num,
    pages::Cursor,
    Error,
    Pages,
    Place,
    Result,
    SuperBlock, //
};

/// Addresses of blocks have as many bits.
const BLOCK_ADDRESS_BITS: u32 = 48;

/// Finds the clusters of a file, best in ascending order: it keeps the page, the pack and the head
/// that it read last, and where it was in an index whose records have to be added up.
pub struct Finder<'a, P: Pages + ?Sized> {
    sb: &'a SuperBlock,
    file: &'a File,
    entries: Entries<&'a P>,
    sum: Option<Sum>,
}

impl<'a, P: Pages + ?Sized> Finder<'a, P> {
    /// A search in `file`, which is of the image that `sb` and `meta` belong to.
    pub fn new(meta: &'a P, sb: &'a SuperBlock, file: &'a File) -> Self {
        Self {
            sb,
            file,
            entries: Entries::new(Cursor::new(meta)),
            sum: None,
        }
    }

    /// Finds the cluster for byte `offset` of the file. Past the file's end there is a hole.
    ///
    /// The work is bounded by the length of the extent, but for records of 4 bytes, which are
    /// added up from where the last search ended or from the first.
    pub fn find(&mut self, offset: u64, reach: Reach) -> Result<Cluster> {
        let file = self.file;
        if offset >= file.size {
            return Ok(Cluster {
                offset: file.size,
                len: u64::MAX.saturating_sub(file.size),
                whole: true,
                source: Source::Hole,
            });
        }
        let found = match (file.tail, file.form) {
            (Some(tail), _) if tail.start <= offset => Cluster {
                offset: tail.start,
                len: file.size.saturating_sub(tail.start),
                whole: true,
                source: tail.source,
            },
            (_, Form::Extents { start, size, count }) => {
                let records = Records { start, size, count };
                extents::find(file, &mut self.entries.meta, records, &mut self.sum, offset)?
            }
            _ => self.walk(offset, reach)?,
        };
        self.check(offset, found)
    }

    /// The cluster by the entries of the index.
    fn walk(&mut self, offset: u64, reach: Reach) -> Result<Cluster> {
        let (file, entries) = (self.file, &mut self.entries);
        let start = walk::start(file, entries, offset)?;
        let first = start.offset(file)?;
        let blocks = start.blocks(file, entries)?;
        let (end, whole) = match reach {
            Reach::Near => (start.end, start.whole),
            Reach::Whole => start.find_end(file, entries)?,
        };
        let source = if blocks == 0 {
            Source::Hole
        } else {
            Source::Encoded(Encoded {
                algorithm: start.head.algorithm(file, false),
                place: Place::Device {
                    device: 0,
                    pos: self.sb.block_pos(u64::from(start.head.block))?,
                },
                len: self.sb.block_pos(blocks)?,
                shared: start.head.shared,
            })
        };
        Ok(Cluster {
            offset: first,
            len: end.saturating_sub(first),
            whole,
            source,
        })
    }

    /// What every cluster must be, wherever it was found.
    fn check(&self, offset: u64, mut found: Cluster) -> Result<Cluster> {
        if found.end() >= self.file.size {
            found.len = self.file.size.saturating_sub(found.offset);
            found.whole = true;
        }
        if offset < found.offset || offset >= found.end() {
            return Err(Error::Corrupt("extents contradict each other"));
        }
        match found.source {
            Source::Hole => (),
            Source::Fragment { pos } => self.check_fragment(pos, found.len)?,
            Source::Encoded(encoded) => self.check_encoded(&found, &encoded)?,
        }
        Ok(found)
    }

    fn check_fragment(&self, pos: u64, len: u64) -> Result<()> {
        if self.sb.fragments_nid().is_none() {
            return Err(Error::Corrupt("fragment without a packed inode"));
        }
        if self.file.special {
            return Err(Error::Corrupt("fragment in a special inode"));
        }
        match pos.checked_add(len).map(i64::try_from) {
            Some(Ok(_)) => Ok(()),
            _ => Err(Error::Corrupt("fragment overflows")),
        }
    }

    fn check_encoded(&self, found: &Cluster, encoded: &Encoded) -> Result<()> {
        let available = self.sb.algorithms();
        let known = match encoded.algorithm {
            Algorithm::Shifted | Algorithm::Interlaced => true,
            Algorithm::Lz4 => available.lz4.is_some(),
            Algorithm::Lzma => available.lzma_dict_size.is_some(),
            Algorithm::Deflate => available.deflate_window_bits.is_some(),
            Algorithm::Zstd => available.zstd_window_log.is_some(),
        };
        if !known {
            return Err(Error::Corrupt(
                "algorithm that the superblock does not name",
            ));
        }
        if encoded.algorithm.is_plain() {
            if found.len > encoded.len {
                return Err(Error::Corrupt("extent is longer than its plain data"));
            }
        } else if found.exact() && found.len < encoded.len && found.end() < self.file.size {
            // Images exist where the last extent of a file is so.
            return Err(Error::Corrupt("extent is shorter than its compressed data"));
        }
        if encoded.len > MAX_ENCODED || found.len > MAX_DECODED {
            return Err(Error::Unsupported("cluster is too large"));
        }
        match encoded.place {
            // That it lies in one block was checked when the file was read.
            Place::Hole | Place::Meta { .. } => Ok(()),
            Place::Device { pos, .. } => self.check_place(pos, encoded.len),
        }
    }

    /// That bytes of the image's common address space are there.
    fn check_place(&self, pos: u64, len: u64) -> Result<()> {
        let end = pos.checked_add(len).ok_or(OUT_OF_IMAGE)?;
        let last = num::shift_right(end, self.file.block_bits);
        if num::shift_right(last, BLOCK_ADDRESS_BITS) != 0 {
            return Err(OUT_OF_IMAGE);
        }
        // Else the map of devices says.
        if !self.sb.needs_devices() && end > self.sb.block_pos(self.sb.blocks())? {
            return Err(OUT_OF_IMAGE);
        }
        Ok(())
    }
}
