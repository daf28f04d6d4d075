// SPDX-License-Identifier: GPL-2.0

//! Search by name: first for the block whose first name is the last not above the wanted one,
//! then in that block. Names are sorted as bytes in the whole directory.
//!
//! A block with a bad name in it is searched all the same, as in C: offsets are taken modulo the
//! block's size, and a name which ends before it starts compares like an empty one.

use crate::{
    format::dirent::{
        Dirent,
        NAME_LEN, //
    },
    num,
    pages,
    Error,
    Pages,
    Result,
    SuperBlock, //
};
use core::{
    cmp::{
        min,
        Ordering, //
    },
    ops::Deref, //
};

/// The entry that has the wanted name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its node number.
    pub nid: u64,
    /// `FT_*`
    pub file_type: u8,
}

impl From<&Dirent> for Found {
    fn from(dirent: &Dirent) -> Self {
        Self {
            nid: dirent.nid.get(),
            file_type: dirent.file_type,
        }
    }
}

/// Searches a directory of `dir_size` bytes for `name`.
///
/// `dir` is the directory's own data. The work is logarithmic in `dir_size`.
pub fn lookup<P: Pages + ?Sized>(
    dir: &P,
    sb: &SuperBlock,
    dir_size: u64,
    name: &[u8],
) -> Result<Option<Found>> {
    if name.len() > NAME_LEN {
        return Err(Error::NameTooLong);
    }
    match find_block(dir, sb, dir_size, name)? {
        Some(Target::First(found)) => Ok(Some(found)),
        Some(Target::Inside(block)) => block.find(name),
        None => Ok(None),
    }
}

/// Where a name is, if it is anywhere.
enum Target<D> {
    /// It is the first of its block.
    First(Found),
    /// It comes later in this block.
    Inside(Block<D>),
}

/// A block of a directory, which keeps its page.
struct Block<D> {
    page: D,
    start: usize,
    size: usize,
}

impl<D: Deref<Target = [u8]>> Block<D> {
    fn read<P: Pages<Page = D> + ?Sized>(dir: &P, sb: &SuperBlock, pos: u64) -> Result<Self> {
        let (page, start) = pages::locate(dir, pos)?;
        Ok(Self {
            page,
            start,
            size: num::to_usize(sb.block_size()),
        })
    }

    /// What the block holds: at least one entry.
    fn names(&self) -> Result<Names<'_>> {
        let bytes = self
            .page
            .get(self.start..)
            .and_then(|rest| rest.get(..self.size))
            .ok_or(Error::IO)?;
        let first = Dirent::first(bytes).ok_or(Error::IO)?;
        let count = offset(first, bytes)
            .checked_div(size_of::<Dirent>())
            .unwrap_or(0);
        let dirents = Dirent::array(bytes, count).ok_or(Error::IO)?;
        if dirents.is_empty() {
            return Err(Error::Corrupt("directory block without entries"));
        }
        Ok(Names { bytes, dirents })
    }

    /// Searches all entries but the first, which led here.
    fn find(&self, name: &[u8]) -> Result<Option<Found>> {
        let names = self.names()?;
        let mut bounds = Bounds::new(1, num::to_u64(names.dirents.len()));
        while let Some(middle) = bounds.middle() {
            let index = num::to_usize(middle);
            match bounds.compare(name, names.name(index)) {
                (Ordering::Equal, _) => return Ok(names.found(index)),
                (order, matched) => bounds.narrow(middle, order, matched),
            }
        }
        Ok(None)
    }
}

/// Where a name starts, kept inside the block.
#[inline]
fn offset(dirent: &Dirent, block: &[u8]) -> usize {
    usize::from(dirent.nameoff.get()) & block.len().wrapping_sub(1)
}

/// The entries of a block.
struct Names<'a> {
    bytes: &'a [u8],
    dirents: &'a [Dirent],
}

impl Names<'_> {
    /// The name of the entry at `index`, with whatever fills the block behind the last one.
    #[inline]
    fn name(&self, index: usize) -> &[u8] {
        let start = |index| Some(offset(self.dirents.get(index)?, self.bytes));
        let end = start(index.saturating_add(1)).unwrap_or(self.bytes.len());
        start(index)
            .and_then(|start| self.bytes.get(start..end))
            .unwrap_or_default()
    }

    fn found(&self, index: usize) -> Option<Found> {
        self.dirents.get(index).map(Found::from)
    }
}

/// Finds the only block that can hold `name`.
fn find_block<P: Pages + ?Sized>(
    dir: &P,
    sb: &SuperBlock,
    dir_size: u64,
    name: &[u8],
) -> Result<Option<Target<P::Page>>> {
    let blocks = num::align_up(dir_size, sb.block_size())
        .ok_or(Error::Corrupt("directory size overflows"))?
        >> sb.block_bits();
    let mut candidate = None;
    let mut bounds = Bounds::new(0, blocks);
    while let Some(middle) = bounds.middle() {
        let block = Block::read(dir, sb, sb.block_pos(middle)?)?;
        let names = block.names()?;
        let (order, matched) = bounds.compare(name, names.name(0));
        bounds.narrow(middle, order, matched);
        match order {
            Ordering::Less => (),
            Ordering::Equal => return Ok(names.found(0).map(Target::First)),
            Ordering::Greater => candidate = Some(Target::Inside(block)),
        }
    }
    Ok(candidate)
}

/// The range that a binary search has left, and how much of the wanted name both of its
/// neighbours share with it, so that no byte is compared twice.
struct Bounds {
    start: u64,
    end: u64,
    matched_below: usize,
    matched_above: usize,
}

impl Bounds {
    fn new(start: u64, end: u64) -> Self {
        Self {
            start,
            end,
            matched_below: 0,
            matched_above: 0,
        }
    }

    #[inline]
    fn middle(&self) -> Option<u64> {
        if self.start < self.end {
            Some(self.start.midpoint(self.end.saturating_sub(1)))
        } else {
            None
        }
    }

    /// Compares `name` with an entry's, and says how many bytes agree.
    #[inline]
    fn compare(&self, name: &[u8], entry: &[u8]) -> (Ordering, usize) {
        let mut matched = min(self.matched_below, self.matched_above);
        let rest = |name| <[u8]>::get(name, matched..).unwrap_or_default();
        let (name, entry) = (rest(name), rest(entry));
        for (&wanted, &byte) in name.iter().zip(entry) {
            if wanted != byte {
                return (wanted.cmp(&byte), matched);
            }
            matched = matched.saturating_add(1);
        }
        // A zero byte ends the last name of a block.
        let order = match entry.get(name.len()) {
            _ if entry.len() < name.len() => Ordering::Greater,
            None | Some(0) => Ordering::Equal,
            Some(_) => Ordering::Less,
        };
        (order, matched)
    }

    #[inline]
    fn narrow(&mut self, middle: u64, order: Ordering, matched: usize) {
        if order == Ordering::Less {
            self.end = middle;
            self.matched_above = matched;
        } else {
            self.start = middle.saturating_add(1);
            self.matched_below = matched;
        }
    }
}
