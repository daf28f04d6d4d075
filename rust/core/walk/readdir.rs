// SPDX-License-Identifier: GPL-2.0

//! Iteration over a directory.
//!
//! A position is the byte of an entry in the directory's data, so that it stays valid for ever.

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
use core::cmp::min;

/// One entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The name: 1 to 255 bytes, otherwise unchecked.
    pub name: &'a [u8],
    /// The node number.
    pub nid: u64,
    /// `FT_*`
    pub file_type: u8,
    /// The entry's position.
    pub pos: u64,
}

impl Entry<'_> {
    /// Where to go on behind this entry.
    pub fn next_pos(&self) -> u64 {
        self.pos.saturating_add(DIRENT_SIZE)
    }
}

/// Passes the entries from position `pos` on to `emit`, until that returns false or the end is
/// reached, and returns the position of the entry that was not accepted, or `dir_size`.
///
/// `dir` is the directory's own data. On an error the entries before the bad one were passed on:
/// a caller that wants to report those first keeps the [`next_pos`](Entry::next_pos) of the last.
/// A directory that lacks `.` ([`Inode::dot_omitted`](crate::Inode::dot_omitted)) has it behind
/// its end, where position `dir_size` is; passing it on is up to the caller.
///
/// ```
/// # use cofs_core::{pages::Memory, readdir, SuperBlock};
/// # let mut image = vec![0u8; 4096];
/// # image[1024..1028].copy_from_slice(&0xe0f5_e1e2u32.to_le_bytes());
/// # image[1036] = 12;
/// # let sb = SuperBlock::read(&Memory(&image), |_, _| 0)?;
/// // nid, nameoff, file type and a reserved byte for each entry, then the names.
/// let mut dir = b"\x05\0\0\0\0\0\0\0\x18\0\x02\0\x07\0\0\0\0\0\0\0\x19\0\x01\0afile".to_vec();
/// let size = dir.len() as u64;
/// dir.resize(4096, 0);
///
/// let mut names = Vec::new();
/// let stop = readdir(&Memory(&dir), &sb, size, 0, |entry| {
///     names.push((entry.name.to_vec(), entry.nid));
///     names.len() < 2
/// })?;
/// assert_eq!(names, [(b"a".to_vec(), 5), (b"file".to_vec(), 7)]);
/// // The second was not accepted: the next call starts there.
/// assert_eq!(stop, 12);
/// # Ok::<(), cofs_core::Error>(())
/// ```
pub fn readdir<P: Pages + ?Sized>(
    dir: &P,
    sb: &SuperBlock,
    dir_size: u64,
    mut pos: u64,
    mut emit: impl FnMut(Entry<'_>) -> bool,
) -> Result<u64> {
    while pos < dir_size {
        let offset = sb.block_offset(pos);
        let start = pos.saturating_sub(offset);
        let size = min(sb.block_size(), dir_size.saturating_sub(start));
        let (page, at) = pages::locate(dir, start)?;
        let block = page
            .get(at..)
            .and_then(|rest| rest.get(..num::to_usize(sb.block_size())))
            .ok_or(Error::IO)?;

        let dirents = count(block)?;
        let mut index = offset.div_ceil(DIRENT_SIZE);
        while index < dirents {
            let bad = Error::Corrupt("bogus directory entry");
            let entry_pos = index
                .checked_mul(DIRENT_SIZE)
                .and_then(|distance| start.checked_add(distance))
                .ok_or(bad)?;
            let (dirent, name) = entry(block, index, dirents, num::to_usize(size)).ok_or(bad)?;
            let accepted = emit(Entry {
                name,
                nid: dirent.nid.get(),
                file_type: dirent.file_type,
                pos: entry_pos,
            });
            if !accepted {
                return Ok(entry_pos);
            }
            index = index.saturating_add(1);
        }
        pos = start.saturating_add(size);
    }
    Ok(pos)
}

/// How many entries the block has.
fn count(block: &[u8]) -> Result<u64> {
    let first = Dirent::get(block, 0).ok_or(Error::IO)?;
    let nameoff = u64::from(first.nameoff.get());
    if nameoff == 0 || nameoff >= num::to_u64(block.len()) || nameoff % DIRENT_SIZE != 0 {
        return Err(Error::Corrupt("invalid first nameoff of a directory block"));
    }
    Ok(nameoff / DIRENT_SIZE)
}

/// The entry at `index` and its name, if that lies within the first `size` bytes of the block.
fn entry(block: &[u8], index: u64, dirents: u64, size: usize) -> Option<(Dirent, &[u8])> {
    let dirent = Dirent::get(block, num::to_usize(index))?;
    let nameoff = usize::from(dirent.nameoff.get());
    let next = index.checked_add(1)?;
    let name = if next < dirents {
        let next = Dirent::get(block, num::to_usize(next))?;
        block.get(nameoff..usize::from(next.nameoff.get()))?
    } else {
        let rest = block.get(nameoff..size)?;
        rest.split(|&byte| byte == 0).next()?
    };
    let end = nameoff.checked_add(name.len())?;
    ((1..=NAME_LEN).contains(&name.len()) && end <= size).then_some((dirent, name))
}
