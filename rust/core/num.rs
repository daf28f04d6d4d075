// SPDX-License-Identifier: GPL-2.0

//! Lossless casts and checked arithmetic.
//!
//! On-disk numbers never meet `as` or a bare operator: the casts here cannot lose bits, and the
//! arithmetic returns `None` where it would wrap.

// The casts below hold only where both types have 64 bits; elsewhere the arrays differ in length.
const _: () = assert!(usize::BITS == u64::BITS);

/// A `u64` as `usize`: the same bits.
///
/// ```
/// assert_eq!(cofs_core::num::to_usize(u64::MAX), usize::MAX);
/// ```
#[inline]
pub const fn to_usize(value: u64) -> usize {
    usize::from_ne_bytes(value.to_ne_bytes())
}

/// A `usize` as `u64`: the same bits.
#[inline]
pub const fn to_u64(value: usize) -> u64 {
    u64::from_ne_bytes(value.to_ne_bytes())
}

/// `value` rounded down to a multiple of `align`, a power of two.
#[inline]
pub const fn align_down(value: u64, align: u64) -> u64 {
    value & !align.wrapping_sub(1)
}

/// `value` rounded up to a multiple of `align`, a power of two; `None` if that exceeds 64 bits.
///
/// ```
/// use cofs_core::num::align_up;
///
/// assert_eq!(align_up(4097, 4096), Some(8192));
/// assert_eq!(align_up(u64::MAX, 4096), None);
/// ```
#[inline]
pub fn align_up(value: u64, align: u64) -> Option<u64> {
    let mask = align.wrapping_sub(1);
    value.checked_add(mask).map(|sum| sum & !mask)
}

/// `value * 2^bits`; `None` if a bit would be lost.
///
/// ```
/// use cofs_core::num::shift_left;
///
/// assert_eq!(shift_left(3, 12), Some(12288));
/// assert_eq!(shift_left(1 << 60, 12), None);
/// ```
#[inline]
pub fn shift_left(value: u64, bits: u32) -> Option<u64> {
    1u64.checked_shl(bits)
        .and_then(|factor| value.checked_mul(factor))
}

/// `value / 2^bits`, which is 0 for a shift past the last bit.
#[inline]
pub fn shift_right(value: u64, bits: u32) -> u64 {
    value.checked_shr(bits).unwrap_or(0)
}
