// SPDX-License-Identifier: GPL-2.0

//! The decoder against lz4_flex and, where it was built, against the kernel's: what a compressor
//! makes, what one could make, and what none would.

mod common;

use cofs_lz4::{
    before_distance_0,
    decode,
    decode_in_place, //
};
use common::{
    blocks,
    content,
    Random, //
};

/// Bytes around an output, which must stay as they are.
const GUARD: usize = 64;
const GUARDED: u8 = 0x5a;

/// Decodes into `size` bytes, if the block is accepted; nothing else may be written.
fn guarded(block: &[u8], size: usize, exact: bool) -> Option<Vec<u8>> {
    let mut out = vec![GUARDED; size + 2 * GUARD];
    out[GUARD..GUARD + size].fill(0);
    let accepted = decode(block, &mut out[GUARD..GUARD + size], exact);
    let guards = out[..GUARD].iter().chain(&out[GUARD + size..]);
    assert!(
        guards.copied().all(|byte| byte == GUARDED),
        "wrote past its output: {size} bytes of {block:?}"
    );
    accepted.then(|| out[GUARD..GUARD + size].to_vec())
}

/// In a buffer no larger than it must be.
fn in_place(block: &[u8], size: usize) -> Option<Vec<u8>> {
    let all = (size + block.len() / 256 + 32).max(block.len());
    let mut buffer = vec![0; all];
    buffer[all - block.len()..].copy_from_slice(block);
    decode_in_place(&mut buffer, block.len(), size).then(|| buffer[..size].to_vec())
}

/// What is accepted is what others accept; says whether it is.
fn compare(block: &[u8], size: usize, exact: bool) -> bool {
    let ours = guarded(block, size, exact);
    if let Some(ours) = &ours {
        if exact {
            let theirs = lz4_flex::block::decompress(block, size);
            assert_eq!(
                theirs.ok().as_ref(),
                Some(ours),
                "{size} bytes of {block:?}"
            );
            assert_eq!(
                in_place(block, size).as_ref(),
                Some(ours),
                "in place: {block:?}"
            );
        }
    } else if exact {
        // Whatever it does to its buffer.
        in_place(block, size);
    }
    against_kernel(block, size, exact, ours.as_deref());
    ours.is_some()
}

fn against_kernel(block: &[u8], size: usize, exact: bool, ours: Option<&[u8]>) {
    let mut out = vec![0; size];
    let Some(accepted) = cofs_lz4::kernel(block, &mut out, exact) else {
        return;
    };
    match ours {
        Some(ours) => assert!(accepted && out == ours, "{size} bytes of {block:?}"),
        None => assert!(
            !accepted || before_distance_0(block).is_some_and(|before| before < size),
            "the kernel accepts {size} bytes of {block:?}"
        ),
    }
}

#[test]
fn what_a_compressor_makes() {
    let mut random = Random(1);
    for round in 0..400 {
        let most = if round % 20 == 0 { 150_000 } else { 3_000 };
        let data = content(&mut random, most);
        let block = lz4_flex::block::compress(&data);
        assert_eq!(guarded(&block, data.len(), true).as_ref(), Some(&data));
        assert!(compare(&block, data.len(), true));
        for _ in 0..20 {
            let wanted = 1 + random.below(data.len());
            let part = guarded(&block, wanted, false);
            assert_eq!(part.as_deref(), Some(&data[..wanted]));
            compare(&block, wanted, false);
            assert!(wanted == data.len() || !compare(&block, wanted, true));
        }
        assert!(!compare(&block, data.len() + 1, true));
        assert!(!compare(&block, data.len() + 1, false));
    }
}

#[test]
fn what_a_compressor_could_make() {
    let mut random = Random(2);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..200_000 {
        let (block, size) = blocks::made(&mut random);
        let size = match random.below(3) {
            0 => (size + random.below(9)).saturating_sub(4),
            _ => size,
        };
        if size == 0 {
            continue;
        }
        match compare(&block, size, true) {
            true => accepted += 1,
            false => refused += 1,
        }
        compare(&block, 1 + random.below(size), false);
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > 10_000 && refused > 10_000);
}

#[test]
fn what_no_compressor_makes() {
    let mut random = Random(3);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let data = content(&mut random, 3_000);
        let whole = lz4_flex::block::compress(&data);
        for _ in 0..8 {
            let mut block = whole.clone();
            for _ in 0..1 + random.below(3) {
                let at = random.below(block.len());
                block[at] = match random.below(4) {
                    0 => block[at] ^ (1 << random.below(8)),
                    1 => 255,
                    _ => random.below(256) as u8,
                };
            }
            if random.below(4) == 0 {
                block.truncate(1 + random.below(whole.len()));
            }
            let exact = random.below(2) == 0;
            let size = if exact {
                data.len()
            } else {
                1 + random.below(data.len())
            };
            match compare(&block, size, exact) {
                true => accepted += 1,
                false => refused += 1,
            }
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > 3_000 && refused > 3_000);
}

#[test]
fn nothing_of_nothing() {
    for exact in [true, false] {
        assert!(guarded(&[], 1, exact).is_none());
        assert!(guarded(&[0x10], 1, exact).is_none());
        assert_eq!(guarded(&[0x10, 7], 1, exact), Some(vec![7]));
    }
    // A match at distance 0.
    let block = [0x10, 7, 0, 0, 0x60, 1, 2, 3, 4, 5, 6];
    assert!(guarded(&block, 11, true).is_none());
}
