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
    // How much is wanted, never nothing, and whether it must be all.
    let Some((&[low, high, exact], block)) = input.split_first_chunk() else {
        return;
    };
    let size = usize::from(u16::from_le_bytes([low, high])).max(1);
    let exact = exact % 2 == 0;
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

    let all = (size + block.len() / 256 + 32).max(block.len());
    let mut buffer = vec![0; all];
    buffer[all - block.len()..].copy_from_slice(block);
    let in_place = decode_in_place(&mut buffer, block.len(), size);
    assert!(!accepted || !exact || (in_place && buffer[..size] == out));
});
