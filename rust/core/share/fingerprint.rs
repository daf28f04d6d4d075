// SPDX-License-Identifier: GPL-2.0

//! Which files are one content: those of one domain, one fingerprint and one size.
//!
//! A fingerprint is a claim of whoever made the image. It is compared as a whole; its hash only
//! leads to the place where to compare.

use crate::num;

/// log2 of the number of slots that [`slot`] can name.
pub const SLOT_BITS: u32 = 16;

/// What makes two files one content.
///
/// ```
/// use cofs_core::share::fingerprint::Key;
///
/// let a = Key { domain: b"shop", fingerprint: b"sha256:0", size: 1 };
/// assert_eq!(a, a);
/// // Bytes do not wander between domain and fingerprint, and the size counts.
/// assert_ne!(a, Key { domain: b"shops", fingerprint: b"ha256:0", size: 1 });
/// assert_ne!(a, Key { size: 2, ..a });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// Within which files are shared at all.
    pub domain: &'a [u8],
    /// The value of the fingerprint attribute.
    pub fingerprint: &'a [u8],
    /// The size of the file in bytes.
    pub size: u64,
}

/// The SHA-256 that a fingerprint claims, if it is of that kind: `sha256:` and 32 bytes, as mkfs.erofs
/// writes it.
///
/// ```
/// use cofs_core::share::fingerprint::sha256;
///
/// let mut value = *b"sha256:................................";
/// assert_eq!(sha256(&value), Some(&[b'.'; 32]));
/// assert_eq!(sha256(&value[..38]), None);
/// value[0] = b'S';
/// assert_eq!(sha256(&value), None);
/// ```
pub fn sha256(fingerprint: &[u8]) -> Option<&[u8; 32]> {
    fingerprint.strip_prefix(b"sha256:")?.try_into().ok()
}

/// The slot of a registry that keys with this hash share.
///
/// The registry is an XArray, a radix tree: spread over 64 bits, almost every entry would have
/// a path of nodes of its own (4 KiB each at 100,000 entries). With 16 bits the tree is at most
/// three nodes deep and dense; the few keys that meet in a slot form a chain. The hash must be
/// keyed, or an image could choose its fingerprints to make one chain long.
///
/// ```
/// use cofs_core::share::fingerprint::slot;
///
/// assert_eq!(slot(0xdead_beef_0123_4567), 0x4567);
/// ```
pub fn slot(hash: u64) -> usize {
    num::to_usize(hash & ((1 << SLOT_BITS) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_use_the_low_bits() {
        assert_eq!(slot(u64::MAX), 0xffff);
        assert_eq!(slot(1 << 16), 0);
    }
}
