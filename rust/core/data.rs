// SPDX-License-Identifier: GPL-2.0

//! Reading a file's bytes where its metadata is read: for small, special files and for tools.

use crate::{
    devices::{
        resolve,
        Table, //
    },
    map,
    num,
    pages::{
        self,
        advance, //
    },
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
///
/// They must lie in the image's own blocks: what extra devices have gives [`Error::NoDevice`].
pub fn read<P: Pages + ?Sized>(
    meta: &P,
    sb: &SuperBlock,
    inode: &Inode,
    offset: u64,
    out: &mut [u8],
) -> Result<()> {
    let end = sb.block_pos(sb.blocks())?;
    pieces(meta, sb, inode, offset, out, |device, pos, piece| {
        // An extent that starts in the image's own blocks ends there.
        if device != 0 || pos >= end {
            return Err(Error::NoDevice);
        }
        pages::fill(meta, pos, piece)
    })
}

/// Fills `out` with the bytes of `inode` at `offset`, of an image with any number of devices.
///
/// `fill` is asked for the bytes of a device of the mount at a place there, and for none of two.
pub fn read_devices<P: Pages + ?Sized>(
    meta: &P,
    table: &Table<'_>,
    inode: &Inode,
    offset: u64,
    out: &mut [u8],
    mut fill: impl FnMut(u16, u64, &mut [u8]) -> Result<()>,
) -> Result<()> {
    let fill_all = |device, mut pos, mut rest: &mut [u8]| {
        while !rest.is_empty() {
            let found = resolve(table, device, pos, num::to_u64(rest.len()))?;
            let (piece, behind) = split(mem::take(&mut rest), found.len)?;
            fill(found.device, found.pos, piece)?;
            rest = behind;
            pos = advance(pos, found.len)?;
        }
        Ok(())
    };
    pieces(meta, table.superblock(), inode, offset, out, fill_all)
}

/// Fills `out`, with `fill` for what lies on devices.
fn pieces<P: Pages + ?Sized>(
    meta: &P,
    sb: &SuperBlock,
    inode: &Inode,
    mut offset: u64,
    mut out: &mut [u8],
    mut fill: impl FnMut(u16, u64, &mut [u8]) -> Result<()>,
) -> Result<()> {
    while !out.is_empty() {
        let mut want = num::to_u64(out.len());
        if let Some(in_file @ 1..) = inode.size().checked_sub(offset) {
            // What the last block has past the file's size is not the file's.
            want = min(want, in_file);
        }
        let extent = map(meta, sb, inode, offset, want)?;
        let (piece, rest) = split(mem::take(&mut out), min(extent.len, want))?;
        match extent.place {
            Place::Hole => piece.fill(0),
            Place::Meta { pos } => pages::fill(meta, pos, piece)?,
            Place::Device { device, pos } => fill(device, pos, piece)?,
        }
        out = rest;
        offset = offset.saturating_add(extent.len);
    }
    Ok(())
}

/// Takes `out` apart behind the first `len` bytes, of which it has as many.
fn split(out: &mut [u8], len: u64) -> Result<(&mut [u8], &mut [u8])> {
    out.split_at_mut_checked(num::to_usize(len))
        .ok_or(Error::Range)
}
