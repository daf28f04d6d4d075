// SPDX-License-Identifier: GPL-2.0

//! A decoder of LZ4 blocks, for 64-bit machines that load and store at any address.
//!
//! A block is a row of sequences: a token, literals, and a match, which the last sequence lacks.
//! Most are short, and far from the ends of input and output. [`Block::rounds`] decodes those: a
//! round copies 16 bytes for the literals and 16 for the match, whatever their lengths, and finds
//! by one subtraction that this does not do. What does is decoded in 20 instructions on x86-64.
//! [`Block::careful`] does the others.
//!
//! The input may lie where the output goes. Then nothing is written to what is still to be read: the
//! decoder stops before, and goes on from there when the rest of the input is elsewhere.
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
use core::convert::Infallible;

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
/// A round's position in the output is kept less this, for matches must start so far before the end
/// of the literals.
const BEHIND: usize = WORD;
/// How many rounds follow each other without a look at the margins.
const UNROLLED: usize = 4;
/// What all but the last of them write at most.
const UNROLLED_MARGIN: usize = (UNROLLED - 1) * (LONG - 1 + ROUND);
/// A sequence starts at least so far before input in the same memory. With less room that input is
/// better moved.
const CROWDED: usize = 96;
const _: () = assert!(CROWDED >= OUT_MARGIN);
/// How far behind the output's start the input does, if they are not in one place: further than
/// there is output.
const APART: usize = 1 << 40;

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
        table[token] = (token & LONG) + MATCH_MIN;
        token += 1;
    }
    table
}

/// Decodes the `len` bytes at `from` into all of the `size` bytes at `to`, of which some may be done:
/// if `exact`, that must be what comes out, else the first of it.
///
/// The input may lie in the output or behind it, but not start before it.
///
/// # Safety
///
/// `len` bytes at `from` are readable and `size` bytes at `to` writable, both at most 1 GiB. If
/// something is done, this function said so, and the input is what it left of that before.
#[inline(never)]
pub(super) unsafe fn decode(
    from: *const u8,
    len: usize,
    to: *mut u8,
    size: usize,
    exact: bool,
    done: Done,
) -> Outcome {
    let behind = from.addr().wrapping_sub(to.addr());
    // INVARIANT: by the function's requirement.
    let block = Block {
        from,
        len,
        to,
        size,
        exact,
        behind: if behind < size { behind } else { APART },
    };
    // INVARIANT: at most as said.
    let place = Place {
        pos: 0,
        at: done.at.min(size),
    };
    let first = match done.begun {
        Some(begun) => block.far_match(begun, place),
        None => Ok(place),
    };
    match first.and_then(|place| block.all(place)) {
        Ok(never) => match never {},
        Err(outcome) => outcome,
    }
}

/// What came of it.
pub(super) enum Outcome {
    /// The output is what it should be.
    Whole,
    /// The input is not valid.
    Broken,
    /// The input is in the way: so much of it is done, and so much of the output. The rest of it is
    /// to be decoded from elsewhere.
    Crowded(usize, Done),
}

/// What is done of an output, by default nothing.
#[derive(Default)]
pub(super) struct Done {
    at: usize,
    /// The sequence that is decoded up to its distance.
    begun: Option<Begun>,
}

/// What there is to know of a sequence at its distance.
#[derive(Clone, Copy)]
struct Begun {
    token: usize,
    /// Whether rules for the end do not count yet.
    early: bool,
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
    /// How far it is from `to` to `from`, or [`APART`].
    behind: usize,
}

impl Block {
    /// How far the output may be written when the input is read up to `pos`.
    #[inline(always)]
    fn end(&self, pos: usize) -> usize {
        self.size.min(self.behind.wrapping_add(pos))
    }

    /// How much there is between what is written and what is still to be read.
    #[inline(always)]
    fn gap(&self, place: Place) -> isize {
        self.behind.wrapping_add(place.pos).wrapping_sub(place.at) as isize
    }

    /// Decodes from `place` on.
    #[inline(always)]
    fn all(&self, place: Place) -> Result<Infallible, Outcome> {
        let mut place = place;
        loop {
            place = self.rounds(place)?;
            if self.is_crowded(place) {
                return Err(crowded(place, None));
            }
            place = self.careful(place)?;
        }
    }

    /// Whether the input is soon in the way.
    #[inline(always)]
    fn is_crowded(&self, place: Place) -> bool {
        self.gap(place) < CROWDED as isize
    }

    /// How far rounds may go from `place`: to a position where input and output have their margins
    /// still. No sequence takes more of the input than it makes of the output.
    #[inline(always)]
    fn stop(&self, place: Place) -> Option<isize> {
        let input = (self.len.wrapping_sub(place.pos) as isize).wrapping_sub(IN_MARGIN as isize);
        let output = (self.size.wrapping_sub(place.at) as isize).wrapping_sub(OUT_MARGIN as isize);
        let gap = self.gap(place).wrapping_sub(CROWDED as isize);
        let left = input.min(output).min(gap);
        (left >= 0).then_some((place.at as isize).wrapping_add(left))
    }

    /// Decodes the sequences from `place` on, up to one that is near the end of input or output, or
    /// very long.
    #[inline(always)]
    fn rounds(&self, place: Place) -> Result<Place, Outcome> {
        let Some(stop) = self.stop(place) else {
            return Ok(place);
        };
        // All positions in the output are kept less BEHIND.
        let behind = |at: isize| at.wrapping_sub(BEHIND as isize);
        let near = |stop: isize| behind(stop).wrapping_sub(UNROLLED_MARGIN as isize);
        let (mut near_stop, mut at) = (near(stop), behind(place.at as isize));
        let mut ip = self.from.wrapping_add(place.pos);
        // Up to here OUT_MARGIN bytes are left of each, before what was still to be read.
        let input_last = self
            .from
            .addr()
            .wrapping_add(self.len)
            .saturating_sub(OUT_MARGIN);
        let mut output_last = self.end(place.pos).saturating_sub(OUT_MARGIN);
        // At the start of a round `at` is at most the stop, and so IN_MARGIN and OUT_MARGIN bytes
        // are there, the latter before what is still to be read.
        'rounds: loop {
            let long = 'long: {
                if at <= near_stop {
                    loop {
                        // SAFETY: as said.
                        match unsafe { self.round::<0>(ip, at) } {
                            Ok(next) => (ip, at) = next,
                            Err(token) => break 'long token,
                        }
                        // SAFETY: as said.
                        match unsafe { self.round::<1>(ip, at) } {
                            Ok(next) => (ip, at) = next,
                            Err(token) => break 'long token,
                        }
                        // SAFETY: as said.
                        match unsafe { self.round::<2>(ip, at) } {
                            Ok(next) => (ip, at) = next,
                            Err(token) => break 'long token,
                        }
                        // SAFETY: as said.
                        match unsafe { self.round::<3>(ip, at) } {
                            Ok(next) => (ip, at) = next,
                            Err(token) => break 'long token,
                        }
                        ip = ip.wrapping_add(UNROLLED * HEAD);
                        if at > near_stop {
                            break;
                        }
                    }
                }
                let stop = near_stop.wrapping_add(UNROLLED_MARGIN as isize);
                while at <= stop {
                    // SAFETY: as said.
                    match unsafe { self.round::<0>(ip, at) } {
                        Ok(next) => (ip, at) = next,
                        Err(long) => break 'long long,
                    }
                    ip = ip.wrapping_add(HEAD);
                }
                let place = self.place(ip, at);
                let Some(later) = self.stop(place) else {
                    return Ok(place);
                };
                near_stop = near(later);
                output_last = self.end(place.pos).saturating_sub(OUT_MARGIN);
                continue 'rounds;
            };
            let (token, next, literals_end) = long;
            match self.long(token, next, literals_end, (input_last, output_last)) {
                Long::Next(next, end) => (ip, at) = (next, end),
                Long::Literals => {
                    // No byte of the input is lost yet where it is overwritten.
                    let literals = token >> MATCH_BITS;
                    let ip = next.wrapping_sub(literals.wrapping_add(HEAD));
                    return Ok(self.place(ip, literals_end.wrapping_sub(literals as isize)));
                }
                Long::Match(ip, at) => {
                    let early = token < LONG << MATCH_BITS;
                    return self.far_match(Begun { token, early }, self.place(ip, at));
                }
                Long::Broken => return Err(Outcome::Broken),
            }
        }
    }

    /// Decodes the sequence at `ip`, behind `BEFORE` others' heads, to `at`: where the next one is,
    /// without all of these heads, and where its output starts. Or, of a sequence that rounds do not
    /// do for: its token, where its distance ends, and where its literals do.
    ///
    /// # Safety
    ///
    /// IN_MARGIN bytes are readable there, OUT_MARGIN bytes writable.
    #[inline(always)]
    unsafe fn round<const BEFORE: usize>(
        &self,
        ip: *const u8,
        at: isize,
    ) -> Result<(*const u8, isize), (usize, *const u8, isize)> {
        let to = self.to.wrapping_add(BEHIND);
        let head = BEFORE * HEAD;
        // SAFETY: by the function's requirement.
        let token = usize::from(unsafe { ip.wrapping_add(head).read() });
        // SAFETY: as said.
        unsafe { copy_round(ip.wrapping_add(head + 1), to.wrapping_offset(at)) };
        let literals = token >> MATCH_BITS;
        let ip = ip.wrapping_add(literals);
        let at = at.wrapping_add(literals as isize);
        // SAFETY: as said, for it is at most 18 bytes behind the start.
        let distance = unsafe { load_distance(ip.wrapping_add(head + HEAD)) };
        let from = at.wrapping_sub(distance.wrapping_sub(BIAS[token]) as isize);
        if from < 0 {
            let (ip, at) = hide(ip.wrapping_add(head + HEAD), at);
            return Err((token, ip, at));
        }
        // SAFETY: the match starts in the output, and a word or more before the end of the
        // literals, which are less than 15.
        unsafe { copy_round(self.to.wrapping_offset(from), to.wrapping_offset(at)) };
        Ok((ip, at.wrapping_add(MATCHES[token] as isize)))
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
    fn long(&self, token: usize, ip: *const u8, at: isize, last: (usize, usize)) -> Long {
        let (mut ip, mut at) = (ip, at);
        let to = self.to.wrapping_add(BEHIND);
        let end = |at: isize| at.wrapping_add(BEHIND as isize) as usize;
        if token >= LONG << MATCH_BITS {
            // Back to the first of the literals if a byte of length is before them.
            let first = ip.wrapping_sub(LONG + 1);
            let start = at.wrapping_sub(LONG as isize);
            // SAFETY: IN_MARGIN bytes are there.
            let more = usize::from(unsafe { first.wrapping_sub(1).read() });
            let literals = LONG.wrapping_add(more);
            ip = first.wrapping_add(literals);
            at = start.wrapping_add(literals as isize);
            if more == LONGER || ip.addr() > last.0 || end(at) > last.1 {
                return Long::Literals;
            }
            // SAFETY: OUT_MARGIN bytes more are there on both sides.
            unsafe { copy_wide(first, to.wrapping_offset(start), literals) };
            ip = ip.wrapping_add(2);
            let token = token & LONG;
            // SAFETY: OUT_MARGIN bytes were there before it.
            let distance = unsafe { load_distance(ip) };
            let from = at.wrapping_sub(distance.wrapping_sub(BIAS[token]) as isize);
            if from >= 0 {
                // SAFETY: as in a round.
                unsafe { copy_round(self.to.wrapping_offset(from), to.wrapping_offset(at)) };
                return Long::Next(ip, at.wrapping_add(MATCHES[token] as isize));
            }
        }
        let mut behind = ip;
        let mut matched = (token & LONG).wrapping_add(MATCH_MIN);
        let mut longer = false;
        if token & LONG == LONG {
            // SAFETY: by one margin or the other it is there, and LAST_LITERALS behind it.
            let more = usize::from(unsafe { ip.read() });
            longer = more == LONGER;
            behind = ip.wrapping_add(1);
            matched = (LONG + MATCH_MIN).wrapping_add(more);
        }
        let next = at.wrapping_add(matched as isize);
        if longer || end(next) > last.1 {
            return Long::Match(ip.wrapping_sub(2), at);
        }
        // SAFETY: it is before `ip`.
        let distance = unsafe { load_distance(ip) };
        let from = at.wrapping_sub(distance.wrapping_sub(WORD as u32) as isize);
        let to = to.wrapping_offset(at);
        if from >= 0 {
            // SAFETY: the match starts in the output, a word or more before its end, and OUT_MARGIN
            // bytes more are there behind it.
            unsafe { copy_wide(self.to.wrapping_offset(from), to, matched) };
            return Long::Next(behind, next);
        }
        let distance = distance as usize;
        if distance.wrapping_sub(1) >= end(at).min(WORD) {
            return Long::Broken;
        }
        // SAFETY: as said, but for the distance.
        unsafe { repeat_wide(to, distance, matched) };
        Long::Next(behind, next)
    }

    /// Decodes the sequence at `place`, whatever it is, and those behind it as far as rounds do not
    /// do for where they start.
    #[inline(never)]
    fn careful(&self, place: Place) -> Result<Place, Outcome> {
        let mut place = place;
        loop {
            place = self.sequence(place)?;
            if self.is_crowded(place) || self.stop(place).is_some() {
                return Ok(place);
            }
        }
    }

    /// Decodes the sequence at `place`.
    #[inline(always)]
    fn sequence(&self, place: Place) -> Result<Place, Outcome> {
        let Place { mut pos, mut at } = place;
        if pos >= self.len {
            return Err(Outcome::Broken);
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
                return Err(Outcome::Broken);
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
                return Err(Outcome::Broken);
            }
            // SAFETY: not more than is there on either side.
            unsafe { copy_narrow(from, to, wanted) };
            if wanted == output {
                return Err(Outcome::Whole);
            }
            // No distance is there.
            if input.wrapping_sub(wanted) <= 2 {
                return Err(Outcome::Broken);
            }
        } else {
            // SAFETY: as `last` is false, all literals are there on both sides.
            unsafe { copy_narrow(from, to, literals) };
        }
        pos = pos.wrapping_add(literals);
        at = at.wrapping_add(literals);

        // Two bytes or more are left: by `early`, by LAST_INPUT, or as was just compared.
        self.rest(Begun { token, early }, Place { pos, at })
    }

    /// As [`Self::rest`], far from the ends.
    #[inline(never)]
    fn far_match(&self, begun: Begun, place: Place) -> Result<Place, Outcome> {
        self.rest(begun, place)
    }

    /// Decodes what a sequence has behind its literals, at `place`: a distance and a match.
    #[inline(always)]
    fn rest(&self, begun: Begun, place: Place) -> Result<Place, Outcome> {
        let Begun { token, early } = begun;
        let Place { mut pos, at } = place;
        pos = pos.wrapping_add(2);
        // SAFETY: the callers say that it is there.
        let distance = unsafe { load_distance(self.from.wrapping_add(pos)) } as usize;
        if distance.wrapping_sub(1) >= at {
            return Err(Outcome::Broken);
        }
        let mut matched = token & LONG;
        let early = early && matched != LONG && distance >= WORD;
        if matched == LONG {
            loop {
                // SAFETY: at first as said, and then by the comparison below, a byte is left.
                let more = unsafe { self.byte(pos) };
                pos = pos.wrapping_add(1);
                if self.len < pos.wrapping_add(LAST_LITERALS) {
                    return Err(Outcome::Broken);
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
            return Err(Outcome::Broken);
        }
        matched = matched.min(output);
        let room = self.end(pos).saturating_sub(at);
        if matched > room {
            return Err(crowded(place, Some(begun)));
        }
        // SAFETY: the match starts in the output, and there is room for it.
        unsafe { self.copy_match(at, distance, matched, room) };
        let at = at.wrapping_add(matched);
        if at == self.size && !self.exact {
            return Err(Outcome::Whole);
        }
        // INVARIANT: both were compared with what they are at most.
        Ok(Place { pos, at })
    }

    /// Copies a match of `len` bytes to `at`.
    ///
    /// # Safety
    ///
    /// `room` bytes of the output are left at `at`, not less, and `distance` bytes, at least one, are
    /// before it.
    #[inline(always)]
    unsafe fn copy_match(&self, at: usize, distance: usize, len: usize, room: usize) {
        let to = self.to.wrapping_add(at);
        let roomy = len.wrapping_add(OUT_MARGIN) <= room;
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

/// What is done at `place`, and of the sequence there.
fn crowded(place: Place, begun: Option<Begun>) -> Outcome {
    let done = Done {
        at: place.at,
        begun,
    };
    Outcome::Crowded(place.pos, done)
}

/// What became of a sequence, with positions as rounds have them.
enum Long {
    /// It is decoded: where the next is, and where its output starts.
    Next(*const u8, isize),
    /// Its literals are longer than margins help with.
    Literals,
    /// Its match is: where its distance is, and where it goes.
    Match(*const u8, isize),
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
