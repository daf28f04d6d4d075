// SPDX-License-Identifier: GPL-2.0

//! The kernel's hashes.
//!
//! C headers: [`include/linux/crc32c.h`](srctree/include/linux/crc32c.h),
//! [`include/linux/siphash.h`](srctree/include/linux/siphash.h)

use crate::bindings;

/// CRC-32C of `data`, continued from `seed`; neither is inverted.
pub(crate) fn crc32c(seed: u32, data: &[u8]) -> u32 {
    // SAFETY: `data` is readable for its length.
    unsafe { bindings::crc32c(seed, data.as_ptr().cast(), data.len()) }
}

/// A key for SipHash which nobody can guess.
pub(crate) struct SipKey(bindings::siphash_key_t);

impl SipKey {
    /// A random key.
    pub(crate) fn random() -> Self {
        let mut key = bindings::siphash_key_t { key: [0; 2] };
        // SAFETY: the key is writable for its size.
        unsafe {
            bindings::get_random_bytes((&raw mut key).cast(), size_of::<bindings::siphash_key_t>())
        };
        Self(key)
    }

    /// SipHash-2-4 of `data`.
    pub(crate) fn hash(&self, data: &[u8]) -> u64 {
        // SAFETY: `data` is readable for its length.
        unsafe { bindings::cofs_siphash(data.as_ptr().cast(), data.len(), &raw const self.0) }
    }
}
