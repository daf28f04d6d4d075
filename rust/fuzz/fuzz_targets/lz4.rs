// SPDX-License-Identifier: GPL-2.0

//! LZ4 blocks: what the module's decoder accepts is what lz4_flex and the kernel's accept, it comes
//! out the same, in place too, and nothing else is read or written.

#![no_main]

use cofs_lz4::{
    before_distance_0,
    decode,
    decode_in_place,
    kernel, //
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // How much is wanted, never nothing, whether it must be all, and how much further in front a block
    // ends that lies in its output.
    let Some((&[low, high, how], block)) = input.split_first_chunk() else {
        return;
    };
    let size = usize::from(u16::from_le_bytes([low, high])).max(1);
    let (exact, back) = (how % 2 == 0, usize::from(how / 2));
    let mut out = vec![0; size];
    let accepted = decode(block, &mut out, exact);

    let mut theirs = vec![0; size];
    let kernel = kernel(block, &mut theirs, exact);
    if accepted && exact {
        let flex = lz4_flex::block::decompress(block, size);
        assert_eq!(flex.ok().as_ref(), Some(&out));
    }
    match (accepted, kernel) {
        (true, Some(kernel)) => assert!(kernel && theirs == out),
        (false, Some(true)) => {
            assert!(before_distance_0(block).is_some_and(|before| before < size));
        }
        _ => (),
    }

    let last = (size + block.len() / 256 + 32).saturating_sub(block.len());
    for start in [last, last.saturating_sub(back * back / 16)] {
        let end = start + block.len();
        let mut buffer = vec![0; size.max(end)];
        buffer[start..end].copy_from_slice(block);
        let behind = buffer[size..].to_vec();
        let (same, _) = decode_in_place(&mut buffer, start..end, size, exact);
        assert_eq!(same, accepted);
        assert!(!same || buffer[..size] == out);
        assert!(buffer[size..] == behind);
    }
});
