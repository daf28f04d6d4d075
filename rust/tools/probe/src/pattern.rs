// SPDX-License-Identifier: GPL-2.0
//! Seeded file content: the same on every machine, different at every offset.

use cofs_reader::mix;
pub(crate) use cofs_reader::Random;

/// `len` bytes of content number `seed`.
pub(crate) fn content(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random::new(mix(seed));
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
