// SPDX-License-Identifier: GPL-2.0

//! What there is to decode.

pub(crate) mod blocks;

/// Numbers that look random, the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number less than `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// Up to `most` bytes: noise, few letters, runs, and what was there before, in turn.
pub(crate) fn content(random: &mut Random, most: usize) -> Vec<u8> {
    let size = 1 + random.below(most);
    let mut out = Vec::with_capacity(size);
    while out.len() < size {
        let longest = if random.below(8) == 0 { 1_000 } else { 30 };
        let len = 1 + random.below(longest);
        match random.below(4) {
            0 => out.extend((0..len).map(|_| random.below(256) as u8)),
            1 => out.extend((0..len).map(|_| b'a' + random.below(3) as u8)),
            2 => {
                let period = 1 + random.below(9);
                let start = out.len();
                out.extend((0..period).map(|_| random.below(256) as u8));
                (0..len).for_each(|i| out.push(out[start + i]));
            }
            _ if out.is_empty() => (),
            _ => {
                let back = 1 + random.below(out.len());
                let start = out.len() - back;
                (0..len).for_each(|i| out.push(out[start + i]));
            }
        }
    }
    out.truncate(size);
    out
}
