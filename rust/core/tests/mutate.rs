// SPDX-License-Identifier: GPL-2.0

//! Whatever the bytes of an image are: no panic, and bounded work.

mod common;

use common::{
    full::{
        full,
        with_devices, //
    },
    image::{
        sb,
        Node,
        INLINE,
        ROOT, //
    },
    pages::FilePages,
    walk::walk, //
};
use proptest::prelude::*;

#[test]
fn the_image_to_be_changed_is_sound() {
    for bits in 9..=12 {
        let reached = walk(&full(bits).pages()).unwrap();
        assert_eq!(reached.errors, 0, "{bits}: {reached:?}");
        assert_eq!((reached.inodes, reached.entries), (5, 8));
        assert_eq!(reached.xattrs, 3);
        let reached = walk(&with_devices(bits).pages()).unwrap();
        assert_eq!(
            (reached.errors, reached.devices),
            (0, 3),
            "{bits}: {reached:?}"
        );
    }
}

/// Positions that matter: the superblock's fields, the nodes, and the blocks with structures.
fn position() -> impl Strategy<Value = (u32, usize)> {
    prop_oneof![
        (1032usize..1168).prop_map(|pos| (0, pos)),
        (0usize..1400).prop_map(|offset| (8, offset)),
        (0usize..120).prop_map(|offset| (20, offset)),
        (0usize..16).prop_map(|offset| (40, offset)),
        (0usize..32).prop_map(|offset| (41, offset)),
        (0usize..256).prop_map(|offset| (50, offset)),
    ]
}

/// `PROPTEST_CASES` asks for a longer run.
fn config() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(1000),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn changed_images(
        bits in 9u8..=12,
        devices in any::<bool>(),
        changes in prop::collection::vec((position(), prop_oneof![
            any::<u8>(), Just(0), Just(0xff), Just(1), Just(0x80), Just(0x7f)
        ]), 1..6),
        cut in prop_oneof![4 => Just(1.0), 1 => 0.0..1.0f64],
    ) {
        let mut image = if devices { with_devices(bits) } else { full(bits) };
        for ((block, offset), byte) in changes {
            let pos = image.block(block) + offset;
            image.put(pos, &[byte]);
        }
        let len = image.bytes.len() as f64 * cut;
        image.bytes.truncate(len as usize);
        let _ = walk(&image.pages());
    }

    #[test]
    fn noise_behind_a_good_superblock(
        bits in 9u8..=12,
        seed in any::<u64>(),
        features in any::<(u8, u8)>(),
        devices in any::<u16>(),
    ) {
        let mut image = full(bits);
        image.sb16(sb::EXTRA_DEVICES, devices & 7);
        image.sb16(sb::DEVT_SLOTOFF, (devices >> 3) & 0x3ff);
        let mut state = seed | 1;
        let start = image.block(8);
        for byte in &mut image.bytes[start..] {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // Small numbers lead further into the parser than large ones.
            *byte = if state & 3 == 0 { (state >> 8) as u8 } else { (state >> 8) as u8 & 5 };
        }
        image.sb32(sb::FEATURE_COMPAT, u32::from(features.0) & !1);
        image.sb32(sb::FEATURE_INCOMPAT, u32::from(features.1));
        // The root is a directory all the same.
        image.compact(ROOT, Node {
            format: INLINE,
            mode: common::image::DIR,
            size: 300,
            ..Node::default()
        });
        let _ = walk(&image.pages());
    }

    #[test]
    fn anything(bytes in prop::collection::vec(any::<u8>(), 0..5000)) {
        let _ = walk(&FilePages::new(bytes));
    }
}
