// SPDX-License-Identifier: GPL-2.0

//! Reading a file's bytes where its metadata is read: for small, special files and for tools.

use crate::{
    map,
    num,
    pages,
    Error,
    Inode,
    Pages,
    Place,
    Result,
    SuperBlock, //
};
use core::{
    cmp::min,
    mem, //
};

/// Fills `out` with the bytes of `inode` at `offset`; past the file's size they are zero.
pub fn read<P: Pages + ?Sized>(
    meta: &P,
    sb: &SuperBlock,
    inode: &Inode,
    mut offset: u64,
    mut out: &mut [u8],
) -> Result<()> {
    while !out.is_empty() {
        let mut want = num::to_u64(out.len());
        if let Some(in_file @ 1..) = inode.size().checked_sub(offset) {
            // What the last block has past the file's size is not the file's.
            want = min(want, in_file);
        }
        let extent = map(meta, sb, inode, offset, want)?;
        let (piece, rest) = mem::take(&mut out)
            .split_at_mut_checked(num::to_usize(min(extent.len, want)))
            .ok_or(Error::Range)?;
        match extent.place {
            Place::Hole => piece.fill(0),
            Place::Meta { pos } | Place::Device { device: 0, pos } => {
                pages::fill(meta, pos, piece)?;
            }
            Place::Device { .. } => return Err(Error::NoDevice),
        }
        out = rest;
        offset = offset.saturating_add(extent.len);
    }
    Ok(())
}
