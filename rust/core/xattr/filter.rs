// SPDX-License-Identifier: GPL-2.0

//! The filter of attribute names: 32 bits in an inode, where a set bit says that no attribute
//! with that hash is present.

use crate::format::xattr::FILTER_SEED;

/// The bits of both POSIX ACLs.
pub(crate) const ACLS: u32 = (1 << 30) | (1 << 21);

/// Whether `filter` says that the attribute is absent.
pub(crate) fn excludes(filter: u32, index: u8, name: &[u8]) -> bool {
    let hash = xxh32(name, FILTER_SEED.wrapping_add(u32::from(index)));
    filter.checked_shr(hash % 32).unwrap_or(0) & 1 != 0
}

const PRIME_1: u32 = 0x9e37_79b1;
const PRIME_2: u32 = 0x85eb_ca77;
const PRIME_3: u32 = 0xc2b2_ae3d;
const PRIME_4: u32 = 0x27d4_eb2f;
const PRIME_5: u32 = 0x1656_67b1;

/// xxHash with 32 bits, of at most a name's length.
fn xxh32(bytes: &[u8], seed: u32) -> u32 {
    let mut stripes = bytes.chunks_exact(16);
    let mut hash = if bytes.len() < 16 {
        seed.wrapping_add(PRIME_5)
    } else {
        let mut lanes = [
            seed.wrapping_add(PRIME_1).wrapping_add(PRIME_2),
            seed.wrapping_add(PRIME_2),
            seed,
            seed.wrapping_sub(PRIME_1),
        ];
        for stripe in stripes.by_ref() {
            for (lane, word) in lanes.iter_mut().zip(stripe.chunks_exact(4)) {
                *lane = lane
                    .wrapping_add(load(word).wrapping_mul(PRIME_2))
                    .rotate_left(13)
                    .wrapping_mul(PRIME_1);
            }
        }
        lanes
            .iter()
            .zip([1, 7, 12, 18])
            .fold(0, |sum: u32, (lane, bits)| {
                sum.wrapping_add(lane.rotate_left(bits))
            })
    };

    // The length is hashed modulo 2^32; a longer name would be refused anyway.
    hash = hash.wrapping_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    let mut words = stripes.remainder().chunks_exact(4);
    for word in words.by_ref() {
        hash = hash
            .wrapping_add(load(word).wrapping_mul(PRIME_3))
            .rotate_left(17)
            .wrapping_mul(PRIME_4);
    }
    for &byte in words.remainder() {
        hash = hash
            .wrapping_add(u32::from(byte).wrapping_mul(PRIME_5))
            .rotate_left(11)
            .wrapping_mul(PRIME_1);
    }
    hash = (hash ^ (hash >> 15)).wrapping_mul(PRIME_2);
    hash = (hash ^ (hash >> 13)).wrapping_mul(PRIME_3);
    hash ^ (hash >> 16)
}

fn load(word: &[u8]) -> u32 {
    word.iter()
        .rev()
        .fold(0, |value, &byte| (value << 8) | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::xattr::{
        INDEX_POSIX_ACL_ACCESS,
        INDEX_POSIX_ACL_DEFAULT, //
    };

    #[test]
    fn known_hashes() {
        // From the reference implementation.
        assert_eq!(xxh32(b"", 0), 0x02cc_5d05);
        assert_eq!(xxh32(b"a", 0), 0x550d_7456);
        assert_eq!(xxh32(b"abc", 0), 0x32d1_53ff);
        assert_eq!(
            xxh32(b"Nobody inspects the spammish repetition", 0),
            0xe229_3b2f
        );
    }

    #[test]
    fn acl_bits() {
        for index in [INDEX_POSIX_ACL_ACCESS, INDEX_POSIX_ACL_DEFAULT] {
            assert!(excludes(ACLS, index, b""));
            assert!(!excludes(!ACLS, index, b""));
        }
    }
}
