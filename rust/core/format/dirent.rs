// SPDX-License-Identifier: GPL-2.0

//! Directory entries: each block of a directory starts with an array of [`Dirent`], and the names
//! follow in the same order. The first entry's `nameoff` is therefore the size of the array.

use zerocopy::little_endian::{
    U16,
    U64, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// The longest name.
pub const NAME_LEN: usize = 255;

/// The size of a [`Dirent`].
pub const DIRENT_SIZE: u64 = 12;

/// One directory entry on the disk.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Dirent {
    /// The entry's node number.
    pub nid: U64,
    /// Where the name starts in the block.
    pub nameoff: U16,
    /// `FT_*`, which is what `S_IFMT` says of the inode.
    pub file_type: u8,
    reserved: u8,
}

const _: () = assert!(size_of::<Dirent>() == 12);

impl Dirent {
    /// The first entry of `block`.
    #[inline]
    pub(crate) fn first(block: &[u8]) -> Option<&Self> {
        let (dirent, _) = zerocopy::FromBytes::ref_from_prefix(block).ok()?;
        Some(dirent)
    }

    /// The array of `count` entries that `block` starts with.
    #[inline]
    pub(crate) fn array(block: &[u8], count: usize) -> Option<&[Self]> {
        let (dirents, _) = zerocopy::FromBytes::ref_from_prefix_with_elems(block, count).ok()?;
        Some(dirents)
    }
}
