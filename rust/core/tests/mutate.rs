// SPDX-License-Identifier: GPL-2.0

//! Whatever the bytes of an image are: no panic, and bounded work.

mod common;

use common::{
    image::{
        dir_block,
        sb,
        xattr_entry,
        xattr_ibody,
        Image,
        Node,
        CHUNK,
        INLINE,
        LNK,
        PLAIN,
        REG,
        ROOT, //
    },
    pages::FilePages,
    walk::walk, //
};
use proptest::prelude::*;

/// An image that has something of everything.
fn full(block_bits: u8) -> Image {
    let mut image = Image::new(block_bits);
    image.sb32(sb::FEATURE_COMPAT, 0x24);
    image.sb8(sb::XATTR_PREFIX_COUNT, 1);
    image.sb32(sb::XATTR_PREFIX_START, 40 << (block_bits - 2));
    image.sb32(sb::XATTR_BLKADDR, 41);
    let pos = image.block(40);
    image.put(pos, b"\x03\0\x04fp");
    let pos = image.block(41);
    image.put(pos, &xattr_entry(1, b"shared", b"value"));

    let root = [
        (&b"."[..], ROOT, 2),
        (b"..", ROOT, 2),
        (b"chunk", 26, 1),
        (b"inline", 20, 1),
        (b"link", 32, 7),
        (b"plain", 38, 1),
    ];
    let first = dir_block(&root);
    let second = dir_block(&[(b"zero", 38, 1), (b"zoo", ROOT, 2)]);
    image.compact(
        ROOT,
        Node {
            format: INLINE,
            mode: common::image::DIR,
            nb: 2,
            size: image.block_size() as u64 + second.len() as u64,
            u: 20,
            ..Node::default()
        },
    );
    let pos = image.block(20);
    image.put(pos, &first);
    let pos = image.node(ROOT) + 32;
    image.put(pos, &second);

    let entries = [
        xattr_entry(0x80, b"", b"sha256:0"),
        xattr_entry(6, b"c", b"1"),
    ];
    let (area, icount) = xattr_ibody(0, &[0], &entries);
    let inline = Node {
        format: INLINE,
        xattr_icount: icount,
        mode: REG,
        nb: 1,
        size: 10,
        ..Node::default()
    };
    image.compact(20, inline);
    let pos = image.node(20) + 32;
    image.put(pos, &area);
    let chunk = Node {
        format: CHUNK,
        size: 3 << block_bits,
        u: 0x20,
        ..inline
    };
    image.extended(
        26,
        Node {
            xattr_icount: 0,
            ..chunk
        },
    );
    let pos = image.node(26) + 64;
    image.put(
        pos,
        &[0, 0, 0, 0, 21, 0, 0, 0, 0, 0, 0, 0, 22, 0, 0, 0, 0xff, 0xff],
    );
    let link = Node {
        format: INLINE,
        mode: LNK,
        nb: 1,
        size: 6,
        ..Node::default()
    };
    image.compact(32, link);
    let pos = image.node(32) + 32;
    image.put(pos, b"target");
    let plain = Node {
        format: PLAIN,
        mode: REG,
        size: 5000,
        u: 24,
        ..link
    };
    image.compact(38, plain);
    image
}

#[test]
fn the_image_to_be_changed_is_sound() {
    for bits in 9..=12 {
        let reached = walk(&full(bits).pages()).unwrap();
        assert_eq!(reached.errors, 0, "{bits}: {reached:?}");
        assert_eq!((reached.inodes, reached.entries), (5, 8));
        assert_eq!(reached.xattrs, 3);
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
        changes in prop::collection::vec((position(), prop_oneof![
            any::<u8>(), Just(0), Just(0xff), Just(1), Just(0x80), Just(0x7f)
        ]), 1..6),
        cut in prop_oneof![4 => Just(1.0), 1 => 0.0..1.0f64],
    ) {
        let mut image = full(bits);
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
    ) {
        let mut image = full(bits);
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
