// SPDX-License-Identifier: GPL-2.0

//! The kernel's hashes.
//!
//! C headers: [`include/linux/crc32c.h`](srctree/include/linux/crc32c.h),
//! [`include/linux/siphash.h`](srctree/include/linux/siphash.h),
//! [`include/crypto/sha2.h`](srctree/include/crypto/sha2.h)

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

/// A SHA-256 under way.
pub(crate) struct Sha256(bindings::sha256_ctx);

impl Sha256 {
    /// Of nothing so far.
    pub(crate) fn new() -> Self {
        let mut ctx = core::mem::MaybeUninit::<bindings::sha256_ctx>::zeroed();
        // SAFETY: plain numbers, of which all-zero is valid; the function writes them.
        unsafe {
            bindings::cofs_sha256_init(ctx.as_mut_ptr());
            Self(ctx.assume_init())
        }
    }

    /// Goes on with `data`.
    pub(crate) fn update(&mut self, data: &[u8]) {
        // SAFETY: `data` is readable for its length.
        unsafe { bindings::cofs_sha256_update(&raw mut self.0, data.as_ptr(), data.len()) };
    }

    /// The hash.
    pub(crate) fn finish(mut self) -> [u8; 32] {
        let mut out = [0; 32];
        // SAFETY: there is room for 32 bytes.
        unsafe { bindings::cofs_sha256_final(&raw mut self.0, out.as_mut_ptr()) };
        out
    }
}
