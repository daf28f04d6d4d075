// SPDX-License-Identifier: GPL-2.0

//! Search by name: first for the block whose first name is the last not above the wanted one,
//! then in that block. Names are sorted as bytes in the whole directory.
//!
//! A block with a bad name in it is searched all the same, as in C: offsets are taken modulo the
//! block's size, and a name which ends before it starts compares like an empty one.

use crate::{
    format::dirent::{
        Dirent,
        DIRENT_SIZE,
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

impl From<Dirent> for Found {
    fn from(dirent: Dirent) -> Self {
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
    Ok(match find_block(dir, sb, dir_size, name)? {
        Some(Target::First(found)) => Some(found),
        Some(Target::Inside(block)) => block.find(name).map(Found::from),
        None => None,
    })
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
    dirents: usize,
}

impl<D: Deref<Target = [u8]>> Block<D> {
    fn read<P: Pages<Page = D> + ?Sized>(dir: &P, sb: &SuperBlock, pos: u64) -> Result<Self> {
        let (page, start) = pages::locate(dir, pos)?;
        let mut block = Self {
            page,
            start,
            size: num::to_usize(sb.block_size()),
            dirents: 0,
        };
        let first = Dirent::get(block.bytes(), 0).ok_or(Error::IO)?;
        block.dirents = num::to_usize(block.offset(&first) / DIRENT_SIZE);
        if block.dirents == 0 {
            return Err(Error::Corrupt("directory block without entries"));
        }
        Ok(block)
    }

    fn bytes(&self) -> &[u8] {
        self.page
            .get(self.start..)
            .and_then(|rest| rest.get(..self.size))
            .unwrap_or_default()
    }

    /// Where a name starts, kept inside the block.
    fn offset(&self, dirent: &Dirent) -> u64 {
        u64::from(dirent.nameoff.get()) & num::to_u64(self.size).wrapping_sub(1)
    }

    fn dirent(&self, index: usize) -> Option<Dirent> {
        Dirent::get(self.bytes(), index)
    }

    /// The name of the entry at `index`, with whatever fills the block behind the last one.
    fn name(&self, index: usize) -> &[u8] {
        let offset = |index| {
            self.dirent(index)
                .map(|dirent| num::to_usize(self.offset(&dirent)))
        };
        let next = index.saturating_add(1);
        let end = if next < self.dirents {
            offset(next)
        } else {
            Some(self.size)
        };
        match (offset(index), end) {
            (Some(start), Some(end)) => self.bytes().get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Searches all entries but the first, which led here.
    fn find(&self, name: &[u8]) -> Option<Dirent> {
        let mut bounds = Bounds::new(1, num::to_u64(self.dirents));
        while let Some(middle) = bounds.middle() {
            let middle_index = num::to_usize(middle);
            match bounds.compare(name, self.name(middle_index)) {
                (Ordering::Equal, _) => return self.dirent(middle_index),
                (order, matched) => bounds.narrow(middle, order, matched),
            }
        }
        None
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
        let (order, matched) = bounds.compare(name, block.name(0));
        bounds.narrow(middle, order, matched);
        match order {
            Ordering::Less => (),
            Ordering::Equal => {
                let first = block.dirent(0).ok_or(Error::IO)?;
                return Ok(Some(Target::First(first.into())));
            }
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

    fn middle(&self) -> Option<u64> {
        match self.end.checked_sub(self.start) {
            None | Some(0) => None,
            Some(1..) => Some(self.start.midpoint(self.end.saturating_sub(1))),
        }
    }

    /// Compares `name` with an entry's, and says how many bytes agree.
    fn compare(&self, name: &[u8], entry: &[u8]) -> (Ordering, usize) {
        let mut matched = min(self.matched_below, self.matched_above);
        loop {
            // A zero byte ends the last name of a block, and no byte is above the end of `name`.
            let wanted = name.get(matched).copied().unwrap_or(0);
            match entry.get(matched).copied().unwrap_or(0) {
                0 if wanted == 0 => return (Ordering::Equal, matched),
                0 => return (Ordering::Greater, matched),
                byte if byte != wanted => return (wanted.cmp(&byte), matched),
                _ => matched = matched.saturating_add(1),
            }
        }
    }

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
