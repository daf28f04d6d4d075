// SPDX-License-Identifier: GPL-2.0

//! Blocks made of sequences as they come: all lengths and distances, the end rules kept or not.

use super::Random;

/// Appends what of a length goes on behind its token.
fn push_rest(block: &mut Vec<u8>, len: usize) {
    if let Some(rest) = len.checked_sub(15) {
        block.extend((0..rest / 255).map(|_| 255));
        block.push((rest % 255) as u8);
    }
}

fn push_literals(random: &mut Random, block: &mut Vec<u8>, len: usize, matched: usize) {
    block.push(((len.min(15) << 4) | matched.min(15)) as u8);
    push_rest(block, len);
    block.extend((0..len).map(|_| random.below(256) as u8));
}

/// A length as a token has it: mostly short, at times around where a length gets longer.
fn length(random: &mut Random) -> usize {
    match random.below(12) {
        0 => 13 + random.below(6),
        1 => 265 + random.below(10),
        2 => random.below(700),
        _ => random.below(16),
    }
}

/// A block, and how much it decodes to if it is valid. Some go back too far.
pub(crate) fn made(random: &mut Random) -> (Vec<u8>, usize) {
    let (mut block, mut size) = (Vec::new(), 0);
    for _ in 0..random.below(14) {
        let (literals, matched) = (length(random), length(random));
        push_literals(random, &mut block, literals, matched);
        size += literals;
        let distance = match random.below(80) {
            0 => random.below(1 << 16),
            1..20 => 1 + random.below(20),
            _ => 1 + random.below(size.clamp(1, 65535)),
        };
        block.extend(&(distance as u16).to_le_bytes());
        push_rest(&mut block, matched);
        size += matched + 4;
    }
    let last = match random.below(4) {
        0 => random.below(40),
        1 => random.below(6),
        _ => 5 + random.below(12),
    };
    let unused = if random.below(16) == 0 { 3 } else { 0 };
    push_literals(random, &mut block, last, unused);
    (block, size + last)
}
