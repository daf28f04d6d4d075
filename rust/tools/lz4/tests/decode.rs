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

/// With a block that starts at `start` of what it decodes to: must be `wanted`, and nothing else may
/// be written. Returns how much had to be moved.
fn in_place(block: &[u8], start: usize, size: usize, exact: bool, wanted: Option<&[u8]>) -> usize {
    let end = start + block.len();
    let mut buffer = vec![GUARDED; size.max(end) + GUARD];
    buffer[start..end].copy_from_slice(block);
    let behind = buffer[size..].to_vec();
    let (accepted, moved) = decode_in_place(&mut buffer, start..end, size, exact);
    let (out, rest) = buffer.split_at(size);
    assert_eq!(
        accepted.then_some(out),
        wanted,
        "at {start} of {size}: {block:?}"
    );
    assert!(
        rest == behind,
        "wrote past its output: at {start} of {size}: {block:?}"
    );
    moved
}

/// The same, with blocks that end around the end of what they decode to.
fn around_the_end(block: &[u8], size: usize, exact: bool, wanted: Option<&[u8]>) {
    // Where they do not start before it.
    let last = (size + 100).saturating_sub(block.len());
    let mut random = Random((block.len() * size) as u64);
    for _ in 0..4 {
        let back = random.below(32);
        in_place(block, last.saturating_sub(back * back), size, exact, wanted);
    }
    in_place(block, random.below(last + 1), size, exact, wanted);
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
        }
    }
    around_the_end(block, size, exact, ours.as_deref());
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
fn in_place_with_every_end() {
    let mut random = Random(4);
    for _ in 0..40 {
        let data = content(&mut random, 3_000);
        let block = lz4_flex::block::compress(&data);
        let size = data.len();
        let (mut all, mut some, mut none) = (0, 0, 0);
        for start in 0..size + 40 {
            match in_place(&block, start, size, true, Some(&data)) {
                0 => none += 1,
                moved if moved == block.len() => all += 1,
                _ => some += 1,
            }
        }
        println!("{size} bytes: all moved {all} times, some {some}, nothing {none}");
        assert!(none > 0 && (size < 200 || all > 0));
        // Far enough behind the output nothing has to be moved, at once all of it.
        assert_eq!(in_place(&block, size, size, true, Some(&data)), 0);
        assert_eq!(in_place(&block, 0, size, true, Some(&data)), block.len());
        let wanted = 1 + random.below(size);
        for start in 0..wanted {
            in_place(&block, start, wanted, false, Some(&data[..wanted]));
        }
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
