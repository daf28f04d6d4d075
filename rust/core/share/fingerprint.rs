// SPDX-License-Identifier: GPL-2.0

//! Which files are one content: those of one domain, one fingerprint and one size.
//!
//! A fingerprint is a claim of whoever made the image. It is compared as a whole; its hash only
//! leads to the place where to compare.

use crate::{
    num,
    Error,
    Result, //
};

/// The most bytes that a domain and a fingerprint have together, in a key that is kept.
///
/// A `sha256:` fingerprint takes 39 of them, and a hexadecimal SHA-512 with its name 135.
pub const KEY_MAX: usize = 182;

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

/// A [`Key`] that keeps its bytes.
///
/// # Invariants
///
/// `domain_len + fingerprint_len <= KEY_MAX`; the bytes behind both are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedKey {
    size: u64,
    domain_len: u8,
    fingerprint_len: u8,
    bytes: [u8; KEY_MAX],
}

const _: () = assert!(size_of::<OwnedKey>() == 192);

impl OwnedKey {
    /// Copies a key. Fails with [`Error::Range`] if it has more than [`KEY_MAX`] bytes, and with
    /// [`Error::NoData`] if its fingerprint is empty, which would make all files of a size equal.
    pub fn new(key: Key<'_>) -> Result<OwnedKey> {
        if key.fingerprint.is_empty() {
            return Err(Error::NoData);
        }
        let mut bytes = [0; KEY_MAX];
        let (domain, rest) = bytes
            .split_at_mut_checked(key.domain.len())
            .ok_or(Error::Range)?;
        let fingerprint = rest.get_mut(..key.fingerprint.len()).ok_or(Error::Range)?;
        domain.copy_from_slice(key.domain);
        fingerprint.copy_from_slice(key.fingerprint);
        // INVARIANT: both slices fit.
        Ok(OwnedKey {
            size: key.size,
            domain_len: u8::try_from(key.domain.len()).map_err(|_| Error::Range)?,
            fingerprint_len: u8::try_from(key.fingerprint.len()).map_err(|_| Error::Range)?,
            bytes,
        })
    }

    /// Lends the key.
    pub fn as_key(&self) -> Key<'_> {
        let (domain, rest) = self
            .bytes
            .split_at_checked(usize::from(self.domain_len))
            .unwrap_or_default();
        Key {
            domain,
            fingerprint: rest
                .get(..usize::from(self.fingerprint_len))
                .unwrap_or_default(),
            size: self.size,
        }
    }
}

impl PartialEq<Key<'_>> for OwnedKey {
    fn eq(&self, other: &Key<'_>) -> bool {
        self.as_key() == *other
    }
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

    const KEY: Key<'_> = Key {
        domain: b"domain",
        fingerprint: b"sha256:0123456789abcdef",
        size: 42,
    };

    #[test]
    fn owned_key_is_its_key() {
        let owned = OwnedKey::new(KEY).unwrap();
        assert_eq!(owned.as_key(), KEY);
        assert_eq!(owned, KEY);
        assert_ne!(owned, Key { size: 43, ..KEY });
        let domain = b"domai";
        assert_ne!(owned, Key { domain, ..KEY });
        assert_eq!(owned, OwnedKey::new(KEY).unwrap());
    }

    #[test]
    fn owned_key_is_bounded() {
        let long = [7; KEY_MAX + 1];
        let room = KEY_MAX - KEY.domain.len();
        let with = |len: usize| {
            OwnedKey::new(Key {
                fingerprint: &long[..len],
                ..KEY
            })
        };
        assert!(with(room).is_ok());
        assert_eq!(with(room + 1), Err(Error::Range));
        assert_eq!(with(KEY_MAX + 1), Err(Error::Range));
        assert_eq!(with(0), Err(Error::NoData));
        let domain = &long[..];
        assert_eq!(OwnedKey::new(Key { domain, ..KEY }), Err(Error::Range));
    }

    #[test]
    fn slots_use_the_low_bits() {
        assert_eq!(slot(u64::MAX), 0xffff);
        assert_eq!(slot(1 << 16), 0);
    }
}
