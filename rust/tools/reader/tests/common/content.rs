// SPDX-License-Identifier: GPL-2.0

//! Bytes of kinds that compress differently.

/// Numbers that look random and are the same in each run.
pub(crate) struct Random(u32);

impl Random {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761) | 1)
    }

    pub(crate) fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }
}

/// Incompressible.
pub(crate) fn noise(seed: u32, size: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..size).map(|_| (random.next() >> 11) as u8).collect()
}

/// Words: compresses by a factor of three or so.
pub(crate) fn text(seed: u32, size: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = Vec::with_capacity(size + 16);
    while text.len() < size {
        let word = random.below(400);
        for letter in 0..2 + word % 7 {
            text.push(b'a' + ((word * 7 + letter * 5) % 26) as u8);
        }
        text.push(if random.below(9) == 0 { b'\n' } else { b' ' });
    }
    text.truncate(size);
    text
}

/// All kinds in pieces of all sizes, so that clusters start and end anywhere.
pub(crate) fn mixed(seed: u32, size: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = Vec::with_capacity(size + 65_536);
    while bytes.len() < size {
        let piece = 1 + (1usize << random.below(16)) + random.below(5000) as usize;
        let seed = random.next();
        bytes.extend(match random.below(4) {
            0 => noise(seed, piece),
            1 => vec![0; piece],
            _ => text(seed % 5, piece),
        });
    }
    bytes.truncate(size);
    bytes
}
