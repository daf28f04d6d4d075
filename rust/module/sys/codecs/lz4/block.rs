// SPDX-License-Identifier: GPL-2.0

//! A decoder of LZ4 blocks, for 64-bit machines that load and store at any address.
//!
//! A block is a row of sequences: a token, literals, and a match, which the last sequence lacks.
//! Most are short, and far from the ends of input and output. [`Block::rounds`] decodes those: a
//! round copies 16 bytes for the literals and 16 for the match, whatever their lengths, and finds
//! by one subtraction that this does not do. What does is decoded in 22 instructions on x86-64.
//! [`Block::careful`] does the others.
//!
//! What is accepted is what the kernel's C decoder accepts, but for matches at distance 0, which
//! mean nothing.

use super::copy::{
    copy_narrow,
    copy_round,
    copy_wide,
    load_distance,
    repeat_narrow,
    repeat_wide,
    ROUND,
    WORD, //
};

/// The bits of a token that are the length of the match; the others are that of the literals.
const MATCH_BITS: u32 = 4;
/// A length in a token that goes on behind it.
const LONG: usize = 15;
/// A byte of a length that goes on behind it.
const LONGER: usize = 255;
/// No match is shorter.
const MATCH_MIN: usize = 4;
/// A token and a distance.
const HEAD: usize = 3;

/// So much of the output's end is literals only.
const LAST_LITERALS: usize = 5;
/// So close to the output's end no match starts.
const LAST_MATCH: usize = 12;
/// So close to the input's end no literals end but the last.
const LAST_INPUT: usize = 8;

/// What a round writes at most, and what a wide copy writes too much, and one more.
const OUT_MARGIN: usize = 32;
/// What a round reads at most, and what must be left then.
const IN_MARGIN: usize = 1 + LONG + 2 + LAST_LITERALS;
/// A round's position in the output is kept less this: so the end of the literals less a word
/// comes out by adding what the input advances.
const BEHIND: usize = WORD + HEAD;

/// Subtracted from a distance, for each token. What is left exceeds every position if a round does
/// not do for the token, or the distance is less than a word.
static BIAS: [u32; 256] = bias();
/// What a round adds to its position for a match, for each token.
static MATCHES: [usize; 256] = matches();

const fn bias() -> [u32; 256] {
    let mut table = [0; 256];
    let mut token = 0;
    while token < table.len() {
        let (literals, matched) = (token >> MATCH_BITS, token & LONG);
        let does = literals != LONG && matched + MATCH_MIN <= ROUND;
        table[token] = if does { WORD as u32 } else { 1 << 31 };
        token += 1;
    }
    table
}

const fn matches() -> [usize; 256] {
    let mut table = [0; 256];
    let mut token = 0;
    while token < table.len() {
        table[token] = (token & LONG) + MATCH_MIN + WORD - BEHIND;
        token += 1;
    }
    table
}

/// Decodes the `len` bytes at `from` into all of the `size` bytes at `to`, and says whether that is
/// what came out: if `exact` all of it, else the first of it.
///
/// The input may lie in one buffer with the output if it ends behind it, by `len / 256 + 32` bytes
/// at least.
///
/// # Safety
///
/// `len` bytes at `from` are readable and `size` bytes at `to` writable, both at most 1 GiB.
pub(super) unsafe fn decode(
    from: *const u8,
    len: usize,
    to: *mut u8,
    size: usize,
    exact: bool,
) -> bool {
    // INVARIANT: by the function's requirement.
    let block = Block {
        from,
        len,
        to,
        size,
        exact,
    };
    let mut place = Place { pos: 0, at: 0 };
    loop {
        match block.rounds(place).and_then(|next| block.careful(next)) {
            Ok(next) => place = next,
            Err(Ended(whole)) => return whole,
        }
    }
}

/// Where a sequence starts.
///
/// # Invariants
///
/// `pos` is at most the length of the input, and `at` of the output.
#[derive(Clone, Copy)]
struct Place {
    pos: usize,
    at: usize,
}

/// Nothing is left to decode: whether the output is what it should be.
struct Ended(bool);

/// Input and output.
///
/// # Invariants
///
/// `len` bytes at `from` are readable, `size` bytes at `to` writable, both at most 1 GiB.
struct Block {
    from: *const u8,
    len: usize,
    to: *mut u8,
    size: usize,
    exact: bool,
}

impl Block {
    /// How far rounds may go from `place`: to a position where input and output have their margins
    /// still. No sequence takes more of the input than it makes of the output.
    #[inline(always)]
    fn stop(&self, place: Place) -> Option<isize> {
        let input = (self.len.wrapping_sub(place.pos) as isize).wrapping_sub(IN_MARGIN as isize);
        let output = (self.size.wrapping_sub(place.at) as isize).wrapping_sub(OUT_MARGIN as isize);
        let left = input.min(output);
        (left >= 0).then_some((place.at as isize).wrapping_add(left))
    }

    /// Decodes the sequences from `place` on, up to one that is near the end of input or output, or
    /// very long.
    #[inline(always)]
    fn rounds(&self, place: Place) -> Result<Place, Ended> {
        let Some(stop) = self.stop(place) else {
            return Ok(place);
        };
        // All positions in the output are kept less BEHIND.
        let behind = |at: isize| at.wrapping_sub(BEHIND as isize);
        let to = self.to.wrapping_add(BEHIND);
        let literals_end = self.to.wrapping_add(WORD);
        let (mut stop, mut at) = (behind(stop), behind(place.at as isize));
        let mut ip = self.from.wrapping_add(place.pos);
        // Up to here OUT_MARGIN bytes are left of each.
        let last = (
            self.from
                .addr()
                .wrapping_add(self.len)
                .saturating_sub(OUT_MARGIN),
            self.size.saturating_sub(OUT_MARGIN),
        );
        // At the start of a round `at <= stop`, and so IN_MARGIN and OUT_MARGIN bytes are there.
        loop {
            // SAFETY: as said.
            let token = usize::from(unsafe { ip.read() });
            // SAFETY: as said.
            unsafe { copy_round(ip.wrapping_add(1), to.wrapping_offset(at)) };
            let step = token.wrapping_add(HEAD << MATCH_BITS) >> MATCH_BITS;
            ip = ip.wrapping_add(step);
            at = at.wrapping_add(step as isize);
            // SAFETY: as said, for `step` is 18 at most.
            let distance = unsafe { load_distance(ip) };
            let from = at.wrapping_sub(distance.wrapping_sub(BIAS[token]) as isize);
            if from >= 0 {
                // SAFETY: the match starts in the output, and a word or more before the end of the
                // literals, which are less than 15.
                unsafe {
                    copy_round(
                        self.to.wrapping_offset(from),
                        literals_end.wrapping_offset(at),
                    )
                };
                at = at.wrapping_add(MATCHES[token] as isize);
            } else {
                (ip, at) = hide(ip, at);
                let end = at.wrapping_add(WORD as isize) as usize;
                match self.long(token, ip, end, last) {
                    Long::Next(next, end) => {
                        ip = next;
                        at = behind(end as isize);
                    }
                    // No byte of the input is lost yet where it is overwritten.
                    Long::Literals => {
                        ip = ip.wrapping_sub(step);
                        at = at.wrapping_sub(step as isize);
                        return Ok(self.place(ip, at));
                    }
                    Long::Match(place) => return self.far_match(token, place),
                    Long::Broken => return Err(Ended(false)),
                }
            }
            if at > stop {
                let place = self.place(ip, at);
                match self.stop(place) {
                    Some(later) => stop = behind(later),
                    None => return Ok(place),
                }
            }
        }
    }

    /// The place that rounds call `ip` and `at`.
    #[inline(always)]
    fn place(&self, ip: *const u8, at: isize) -> Place {
        // INVARIANT: between sequences it is one.
        Place {
            pos: ip.addr().wrapping_sub(self.from.addr()),
            at: at.wrapping_add(BEHIND as isize) as usize,
        }
    }

    /// A byte of the input.
    ///
    /// # Safety
    ///
    /// `pos` is less than its length.
    #[inline(always)]
    unsafe fn byte(&self, pos: usize) -> usize {
        // SAFETY: by the function's requirement.
        usize::from(unsafe { self.from.wrapping_add(pos).read() })
    }

    /// Decodes a sequence whose token or distance rounds do not do for. Its distance is before `ip`,
    /// and the literals end at `at`, if they are less than 15, and then they are copied.
    ///
    /// At its start were IN_MARGIN and OUT_MARGIN bytes. `last` is where OUT_MARGIN bytes are left of
    /// the input, as an address, and of the output.
    #[inline(always)]
    fn long(&self, token: usize, ip: *const u8, at: usize, last: (usize, usize)) -> Long {
        let (mut ip, mut at) = (ip, at);
        if token >= LONG << MATCH_BITS {
            // Back to the first of the literals if a byte of length is before them.
            ip = ip.wrapping_sub(LONG + 1);
            at = at.wrapping_sub(LONG);
            // SAFETY: IN_MARGIN bytes are there.
            let more = usize::from(unsafe { ip.wrapping_sub(1).read() });
            let literals = LONG.wrapping_add(more);
            let (first, start) = (ip, at);
            ip = ip.wrapping_add(literals);
            at = at.wrapping_add(literals);
            if more == LONGER || ip.addr() > last.0 || at > last.1 {
                return Long::Literals;
            }
            // SAFETY: OUT_MARGIN bytes more are there on both sides.
            unsafe { copy_wide(first, self.to.wrapping_add(start), literals) };
            ip = ip.wrapping_add(2);
        }
        // SAFETY: by one margin or the other it is there, and LAST_LITERALS behind the next byte.
        let distance = unsafe { load_distance(ip) } as usize;
        let mut behind = ip;
        let mut matched = (token & LONG).wrapping_add(MATCH_MIN);
        let mut longer = false;
        if token & LONG == LONG {
            // SAFETY: as said.
            let more = usize::from(unsafe { ip.read() });
            longer = more == LONGER;
            behind = ip.wrapping_add(1);
            matched = matched.wrapping_add(more);
        }
        let end = at.wrapping_add(matched);
        if longer || end > last.1 {
            // INVARIANT: by the margins.
            return Long::Match(Place {
                pos: ip.addr().wrapping_sub(self.from.addr()).wrapping_sub(2),
                at,
            });
        }
        if distance.wrapping_sub(1) >= at {
            return Long::Broken;
        }
        let to = self.to.wrapping_add(at);
        // SAFETY: the match starts in the output, and OUT_MARGIN bytes more are there behind it.
        unsafe {
            if distance >= WORD {
                copy_wide(to.wrapping_sub(distance), to, matched);
            } else {
                repeat_wide(to, distance, matched);
            }
        }
        Long::Next(behind, end)
    }

    /// Decodes the sequence at `place`, whatever it is, and those behind it as far as rounds do not
    /// do for where they start.
    #[inline(never)]
    fn careful(&self, place: Place) -> Result<Place, Ended> {
        let mut place = place;
        loop {
            place = self.sequence(place)?;
            if self.stop(place).is_some() {
                return Ok(place);
            }
        }
    }

    /// Decodes the sequence at `place`.
    #[inline(always)]
    fn sequence(&self, place: Place) -> Result<Place, Ended> {
        let Place { mut pos, mut at } = place;
        if pos >= self.len {
            return Err(Ended(false));
        }
        // SAFETY: just compared.
        let token = unsafe { self.byte(pos) };
        pos = pos.wrapping_add(1);
        let mut literals = token >> MATCH_BITS;
        // Whether the rules for the end do not count yet. That is so where the C decoder takes its
        // short way, and then for all of the sequence.
        let early = literals != LONG
            && self.len.wrapping_sub(pos) > ROUND
            && self.size.wrapping_sub(at) >= OUT_MARGIN;
        if literals == LONG {
            if self.len.wrapping_sub(pos) <= LONG {
                return Err(Ended(false));
            }
            loop {
                // SAFETY: more than 15 bytes are there.
                let more = unsafe { self.byte(pos) };
                pos = pos.wrapping_add(1);
                literals = literals.wrapping_add(more);
                if more != LONGER || self.len.wrapping_sub(pos) <= LONG {
                    break;
                }
            }
        }
        let (input, output) = (self.len.wrapping_sub(pos), self.size.wrapping_sub(at));
        let (from, to) = (self.from.wrapping_add(pos), self.to.wrapping_add(at));
        let last = !early
            && (literals.wrapping_add(LAST_INPUT) > input
                || literals.wrapping_add(LAST_MATCH) > output);
        if last {
            let wanted = literals.min(output);
            if wanted > input || (self.exact && (literals != input || literals != output)) {
                return Err(Ended(false));
            }
            // SAFETY: not more than is there on either side.
            unsafe { copy_narrow(from, to, wanted) };
            if wanted == output {
                return Err(Ended(true));
            }
            // No distance is there.
            if input.wrapping_sub(wanted) <= 2 {
                return Err(Ended(false));
            }
        } else {
            // SAFETY: as `last` is false, all literals are there on both sides.
            unsafe { copy_narrow(from, to, literals) };
        }
        pos = pos.wrapping_add(literals);
        at = at.wrapping_add(literals);

        // Two bytes or more are left: by `early`, by LAST_INPUT, or as was just compared.
        self.rest(token, early, Place { pos, at })
    }

    /// As [`Self::rest`], far from the ends.
    #[inline(never)]
    fn far_match(&self, token: usize, place: Place) -> Result<Place, Ended> {
        let early = token < LONG << MATCH_BITS;
        self.rest(token, early, place)
    }

    /// Decodes what a sequence has behind its literals, at `place`: a distance and a match.
    #[inline(always)]
    fn rest(&self, token: usize, early: bool, place: Place) -> Result<Place, Ended> {
        let Place { mut pos, at } = place;
        pos = pos.wrapping_add(2);
        // SAFETY: the callers say that it is there.
        let distance = unsafe { load_distance(self.from.wrapping_add(pos)) } as usize;
        if distance.wrapping_sub(1) >= at {
            return Err(Ended(false));
        }
        let mut matched = token & LONG;
        let early = early && matched != LONG && distance >= WORD;
        if matched == LONG {
            loop {
                // SAFETY: at first as said, and then by the comparison below, a byte is left.
                let more = unsafe { self.byte(pos) };
                pos = pos.wrapping_add(1);
                if self.len < pos.wrapping_add(LAST_LITERALS) {
                    return Err(Ended(false));
                }
                matched = matched.wrapping_add(more);
                if more != LONGER {
                    break;
                }
            }
        }
        matched = matched.wrapping_add(MATCH_MIN);
        let output = self.size.wrapping_sub(at);
        if self.exact && !early && matched.wrapping_add(LAST_LITERALS) > output {
            return Err(Ended(false));
        }
        matched = matched.min(output);
        // SAFETY: the match starts in the output, and there is room for it.
        unsafe { self.copy_match(at, distance, matched) };
        let at = at.wrapping_add(matched);
        if at == self.size && !self.exact {
            return Err(Ended(true));
        }
        // INVARIANT: both were compared with what they are at most.
        Ok(Place { pos, at })
    }

    /// Copies a match of `len` bytes to `at`.
    ///
    /// # Safety
    ///
    /// So many bytes of the output are left at `at`, and `distance` bytes, at least one, are before it.
    #[inline(always)]
    unsafe fn copy_match(&self, at: usize, distance: usize, len: usize) {
        let to = self.to.wrapping_add(at);
        let roomy = len.wrapping_add(OUT_MARGIN) <= self.size.wrapping_sub(at);
        // SAFETY: by the function's requirement; those that write too much have room for that.
        unsafe {
            match (roomy, distance >= WORD) {
                (true, true) => copy_wide(to.wrapping_sub(distance), to, len),
                (true, false) => repeat_wide(to, distance, len),
                (false, true) => copy_narrow(to.wrapping_sub(distance), to, len),
                (false, false) => repeat_narrow(to, distance, len),
            }
        }
    }
}

/// What became of a sequence.
enum Long {
    /// It is decoded: where the next is, and where its output starts.
    Next(*const u8, usize),
    /// Its literals are longer than margins help with.
    Literals,
    /// Its match is: where its distance is, and where it goes.
    Match(Place),
    /// It is not valid.
    Broken,
}

/// The same, but the compiler does not know, and so does not keep what they were computed from.
#[inline(always)]
#[expect(clippy::pointers_in_nomem_asm_block, reason = "nothing is read")]
fn hide(ip: *const u8, at: isize) -> (*const u8, isize) {
    let (mut ip, mut at) = (ip, at);
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!(
            "/* {0} {1} */",
            inout(reg) ip,
            inout(reg) at,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    (ip, at)
}
