// SPDX-License-Identifier: GPL-2.0

//! Extended attributes: a header and entries behind the inode, and entries shared by many inodes
//! in an area of their own, which a header names by their distance from the start of that area.

use crate::num;
use zerocopy::little_endian::{
    U16,
    U32, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// `user.`
pub const INDEX_USER: u8 = 1;
/// `system.posix_acl_access`
pub const INDEX_POSIX_ACL_ACCESS: u8 = 2;
/// `system.posix_acl_default`
pub const INDEX_POSIX_ACL_DEFAULT: u8 = 3;
/// `trusted.`
pub const INDEX_TRUSTED: u8 = 4;
/// `security.`
pub const INDEX_SECURITY: u8 = 6;

/// Set in `e_name_index` if the other bits number a long prefix.
pub const LONG_PREFIX: u8 = 0x80;
/// Those other bits.
pub const LONG_PREFIX_MASK: u8 = 0x7f;

/// What the name filter adds the attribute's index to, to seed its hash.
pub const FILTER_SEED: u32 = 0x25bb_e08f;

/// Shared attributes and long prefixes are addressed in units of this many bytes.
pub(crate) const UNIT: u64 = 4;

/// What the attributes behind an inode start with.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct IbodyHeader {
    /// A set bit says that no attribute with that hash is present.
    pub h_name_filter: U32,
    /// How many 4-byte numbers of shared attributes follow.
    pub h_shared_count: u8,
    h_reserved2: [u8; 7],
}

pub(crate) const IBODY_HEADER_SIZE: u64 = 12;

/// What an attribute starts with; its name and value follow.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct XattrEntry {
    /// The length of the name behind the prefix that `e_name_index` stands for.
    pub e_name_len: u8,
    /// `INDEX_*`, or [`LONG_PREFIX`] and a number.
    pub e_name_index: u8,
    /// The length of the value.
    pub e_value_size: U16,
}

pub(crate) const ENTRY_SIZE: u64 = 4;

const _: () = assert!(size_of::<IbodyHeader>() == 12);
const _: () = assert!(size_of::<XattrEntry>() == 4);

impl XattrEntry {
    /// The bytes that the entry, its name and its value take up.
    #[inline]
    pub(crate) fn size(&self) -> u64 {
        let end = ENTRY_SIZE
            .saturating_add(u64::from(self.e_name_len))
            .saturating_add(u64::from(self.e_value_size.get()));
        num::align_up(end, UNIT).unwrap_or(u64::MAX)
    }

    /// The number of the long prefix, if the name has one.
    pub(crate) fn long_prefix(&self) -> Option<u8> {
        (self.e_name_index & LONG_PREFIX != 0).then_some(self.e_name_index & LONG_PREFIX_MASK)
    }
}

/// The size of the attribute area behind an inode.
#[inline]
pub(crate) fn ibody_size(i_xattr_icount: u16) -> u64 {
    match u64::from(i_xattr_icount).checked_sub(1) {
        // A header, and the count's first unit is part of it.
        Some(units) => IBODY_HEADER_SIZE.saturating_add(units.saturating_mul(UNIT)),
        None => 0,
    }
}
