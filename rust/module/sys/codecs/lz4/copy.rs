// SPDX-License-Identifier: GPL-2.0

//! Loads and stores of words, at any address: what an LZ4 decoder is made of.
//!
//! Source and target may overlap: all of these go up, a word or a byte after the other. So a copy
//! from a word or more before repeats what it has copied.

/// What is loaded and stored at once.
pub(super) const WORD: usize = size_of::<u64>();
/// What a round copies for literals, and for a match.
pub(super) const ROUND: usize = 2 * WORD;
/// For each distance less than a word: what of a word is repeated, the factor that repeats it,
/// and how many bytes whole repetitions have.
static REPEAT: [(u64, u64, usize); WORD] = repeat();

const fn repeat() -> [(u64, u64, usize); WORD] {
    let mut table = [(0, 0, 0); WORD];
    let mut distance = 1;
    while distance < WORD {
        let bits = 8 * distance;
        let (mut factor, mut shift) = (0, 0);
        while shift < 64 {
            factor |= 1 << shift;
            shift += bits;
        }
        table[distance] = ((1 << bits) - 1, factor, WORD - WORD % distance);
        distance += 1;
    }
    table
}

/// The distance in the two bytes before `end`.
///
/// # Safety
///
/// They are readable.
#[inline(always)]
pub(super) unsafe fn load_distance(end: *const u8) -> u32 {
    // SAFETY: by the function's requirement.
    let raw = unsafe { end.wrapping_sub(2).cast::<u16>().read_unaligned() };
    u32::from(u16::from_le(raw))
}

/// Copies a word.
///
/// # Safety
///
/// It is readable at `from`, and writable at `to`.
#[inline(always)]
unsafe fn copy_word(from: *const u8, to: *mut u8) {
    // SAFETY: by the function's requirement.
    unsafe {
        to.cast::<u64>()
            .write_unaligned(from.cast::<u64>().read_unaligned())
    };
}

/// Copies two words, one after the other.
///
/// # Safety
///
/// They are readable at `from`, and writable at `to`.
#[inline(always)]
pub(super) unsafe fn copy_round(from: *const u8, to: *mut u8) {
    // SAFETY: by the function's requirement.
    unsafe {
        copy_word(from, to);
        copy_word(from.wrapping_add(WORD), to.wrapping_add(WORD));
    }
}

/// Copies `len` bytes, at least 2, word after word, and up to 31 more.
///
/// # Safety
///
/// `len + 31` bytes are readable at `from`, and writable at `to`.
#[inline(always)]
pub(super) unsafe fn copy_wide(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: by the function's requirement.
    unsafe {
        copy_round(from, to);
        copy_round(from.wrapping_add(ROUND), to.wrapping_add(ROUND));
    }
    let mut done = 2 * ROUND;
    while done < len {
        let (from, to) = (from.wrapping_add(done), to.wrapping_add(done));
        // SAFETY: less than `len` bytes are done.
        unsafe {
            copy_round(from, to);
            copy_round(from.wrapping_add(ROUND), to.wrapping_add(ROUND));
        }
        done = done.wrapping_add(2 * ROUND);
    }
}

/// Copies `len` bytes and no more: word after word, and the last word once more.
///
/// # Safety
///
/// They are readable at `from`, and writable at `to`, which is a word or more away.
#[inline(always)]
pub(super) unsafe fn copy_narrow(from: *const u8, to: *mut u8, len: usize) {
    if len >= WORD {
        let last = len.wrapping_sub(WORD);
        let mut done = 0;
        // SAFETY: a word and more is left, and then it is the last.
        unsafe {
            while done < last {
                copy_word(from.wrapping_add(done), to.wrapping_add(done));
                done = done.wrapping_add(WORD);
            }
            copy_word(from.wrapping_add(last), to.wrapping_add(last));
        }
        return;
    }
    let mut done = 0;
    while done < len {
        // SAFETY: less than `len` bytes are done.
        unsafe { to.wrapping_add(done).write(from.wrapping_add(done).read()) };
        done = done.wrapping_add(1);
    }
}

/// Repeats the `distance` bytes before `to` for `len` bytes, and up to 7 more.
///
/// # Safety
///
/// `distance` is less than a word and not 0; so many bytes before `to` are readable, and `len + 7`
/// bytes, a word at least, writable and readable at `to`.
#[inline(always)]
pub(super) unsafe fn repeat_wide(to: *mut u8, distance: usize, len: usize) {
    let mut to = to;
    let end = to.wrapping_add(len);
    let (mask, factor, step) = REPEAT[distance % WORD];
    // SAFETY: by the function's requirement.
    let before = unsafe { to.wrapping_sub(distance).cast::<u64>().read_unaligned() };
    let word = (u64::from_le(before) & mask).wrapping_mul(factor).to_le();
    while to < end {
        // SAFETY: `to` is before `end`.
        unsafe { to.cast::<u64>().write_unaligned(word) };
        to = to.wrapping_add(step);
    }
}

/// Repeats the `distance` bytes before `to` for `len` bytes and no more.
///
/// # Safety
///
/// `distance` is less than a word and not 0; so many bytes before `to` are readable, and `len` bytes
/// writable and readable at `to`.
#[inline(always)]
pub(super) unsafe fn repeat_narrow(to: *mut u8, distance: usize, len: usize) {
    let (mut to, mut left) = (to, len);
    // SAFETY: `left` bytes are left; with a word more, the wide one keeps to them.
    unsafe {
        if left >= 2 * WORD {
            let wide = left.wrapping_sub(WORD);
            repeat_wide(to, distance, wide);
            to = to.wrapping_add(wide);
            left = WORD;
        }
        while left != 0 {
            to.write(to.wrapping_sub(distance).read());
            to = to.wrapping_add(1);
            left = left.wrapping_sub(1);
        }
    }
}
