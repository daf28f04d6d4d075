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
    #[inline]
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

        let dirents = dirents(block)?;
        let skipped = num::to_usize(offset.div_ceil(DIRENT_SIZE));
        let mut entry_pos = start.saturating_add(num::to_u64(skipped).saturating_mul(DIRENT_SIZE));
        let mut rest = dirents.get(skipped..).unwrap_or_default();
        while let Some((dirent, behind)) = rest.split_first() {
            let entry = Entry {
                name: name(block, dirent, behind.first(), num::to_usize(size))
                    .ok_or(Error::Corrupt("bogus directory entry"))?,
                nid: dirent.nid.get(),
                file_type: dirent.file_type,
                pos: entry_pos,
            };
            if !emit(entry) {
                return Ok(entry_pos);
            }
            entry_pos = entry.next_pos();
            rest = behind;
        }
        pos = start.saturating_add(size);
    }
    Ok(pos)
}

/// The entries of a block.
fn dirents(block: &[u8]) -> Result<&[Dirent]> {
    let first = Dirent::first(block).ok_or(Error::IO)?;
    let nameoff = u64::from(first.nameoff.get());
    if nameoff == 0 || nameoff >= num::to_u64(block.len()) || nameoff % DIRENT_SIZE != 0 {
        return Err(Error::Corrupt("invalid first nameoff of a directory block"));
    }
    Dirent::array(block, num::to_usize(nameoff / DIRENT_SIZE)).ok_or(Error::IO)
}

/// The name of an entry, if it lies within the first `size` bytes of the block.
#[inline]
fn name<'a>(
    block: &'a [u8],
    dirent: &Dirent,
    next: Option<&Dirent>,
    size: usize,
) -> Option<&'a [u8]> {
    let start = usize::from(dirent.nameoff.get());
    let inside = block.get(..size)?;
    let name = match next {
        Some(next) => inside.get(start..usize::from(next.nameoff.get()))?,
        None => inside.get(start..)?.split(|&byte| byte == 0).next()?,
    };
    (1..=NAME_LEN).contains(&name.len()).then_some(name)
}
