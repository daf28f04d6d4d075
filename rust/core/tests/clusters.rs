// SPDX-License-Identifier: GPL-2.0

//! Whatever an index says: no panic, bounded work, and clusters that keep to their rules.

mod common;

use cofs_core::{
    compressed::{
        File,
        Finder,
        Reach,
        Source,
        MAX_DECODED,
        MAX_ENCODED, //
    },
    Inode,
    Place,
    SuperBlock, //
};
use common::{
    image::{
        sb,
        Image,
        COMPRESSED_COMPACT,
        COMPRESSED_FULL, //
    },
    index::{
        header,
        image,
        superblock,
        NID, //
    },
    pages::{
        Counted,
        FilePages, //
    },
};
use proptest::{
    prelude::*,
    strategy::ValueTree, //
};

/// As many pages as the index has in the image, and some for the header, for each step to a head,
/// for the end.
const PAGES: u64 = 64 + 64 + 8;

/// One that is asked for every cluster answers as a new one does, in whatever order it is asked.
fn same_in_every_order(pages: &FilePages, sb: &SuperBlock, file: &File, offsets: &[u64]) {
    let mut ascending = Vec::new();
    let mut offset = 0;
    let mut kept = Finder::new(pages, sb, file);
    while offset < file.size() && ascending.len() < 100 {
        let found = kept.find(offset, Reach::Whole);
        ascending.push((offset, found));
        offset = found.map_or(offset + 4096, |cluster| cluster.end());
    }
    for (offset, found) in &ascending {
        let new = Finder::new(pages, sb, file).find(*offset, Reach::Whole);
        assert_eq!(*found, new, "in ascending order, at {offset}");
    }
    for (at, offset) in offsets.iter().enumerate() {
        // Somewhere, and then the next.
        let known = ascending.get(at.wrapping_mul(7919) % ascending.len().max(1));
        let somewhere = offset % file.size().max(1);
        for offset in [somewhere, known.map_or(somewhere, |known| known.0)] {
            for reach in [Reach::Near, Reach::Whole, Reach::Near] {
                let found = kept.find(offset, reach);
                let new = Finder::new(pages, sb, file).find(offset, reach);
                assert_eq!(found, new, "in any order, at {offset}");
                let next = found.map_or(offset + 512, |cluster| cluster.end());
                let new = Finder::new(pages, sb, file).find(next, reach);
                assert_eq!(kept.find(next, reach), new, "the next, at {next}");
            }
        }
    }
}

/// Asks for clusters everywhere and checks each. What is found near is what is found whole.
fn search(image: &Image, offsets: &[u64]) -> usize {
    let pages = image.pages();
    let sb = superblock(&pages);
    let end = sb.block_pos(sb.blocks()).unwrap();
    let Ok(inode) = Inode::read(&pages, &sb, NID) else {
        return 0;
    };
    let lent = |pages: &FilePages, before: u64| {
        let lent = pages.lent() - before;
        assert!(lent <= PAGES, "{lent} pages lent");
    };
    let before = pages.lent();
    let file = File::read(&pages, &sb, &inode);
    lent(&pages, before);
    let Ok(file) = file else {
        return 0;
    };
    same_in_every_order(&pages, &sb, &file, offsets);
    let mut found = 0;
    for &offset in offsets {
        let offset = offset % inode.size().max(1);
        for reach in [Reach::Near, Reach::Whole] {
            let before = pages.lent();
            let cluster = Finder::new(&pages, &sb, &file).find(offset, reach);
            lent(&pages, before);
            let Ok(cluster) = cluster else {
                continue;
            };
            found += 1;
            if inode.size() == 0 {
                continue;
            }
            assert!(cluster.offset <= offset && offset < cluster.end());
            assert!(cluster.end() <= inode.size());
            match cluster.source {
                Source::Hole => (),
                Source::Fragment { pos } => {
                    assert!(i64::try_from(pos + cluster.len).is_ok());
                    assert_ne!(sb.fragments_nid(), Some(NID));
                }
                Source::Encoded(encoded) => {
                    assert!((1..=MAX_ENCODED).contains(&encoded.len));
                    assert!(cluster.len <= MAX_DECODED);
                    assert!(cluster.whole || reach == Reach::Near);
                    if encoded.algorithm.is_plain() {
                        assert!(cluster.len <= encoded.len);
                    }
                    match encoded.place {
                        Place::Device { device, pos } => {
                            assert_eq!(device, 0);
                            assert!(pos + encoded.len <= end);
                        }
                        Place::Meta { pos } => {
                            let last = pos + encoded.len - 1;
                            assert_eq!(pos >> sb.block_bits(), last >> sb.block_bits());
                        }
                        Place::Hole => panic!("a hole is no place"),
                    }
                }
            }
        }
    }
    found
}

/// Bytes that lead into an index: small numbers, types, and anything.
fn index_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => Just(0u8),
        3 => 0u8..8,
        1 => Just(0x80),
        1 => 0u8..64,
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 8..400)
}

/// Entries as they are often, with some that are not.
fn full_index() -> impl Strategy<Value = Vec<u8>> {
    let entry = prop_oneof![
        3 => (prop_oneof![Just(0u16), Just(1), Just(3), Just(0x8001), Just(0x4001)], 0u16..5000, 0u32..70)
            .prop_map(|(kind, offset, block)| common::index::head(kind, offset, block)),
        4 => (0u16..5, 0u16..4).prop_map(|(back, ahead)| common::index::nonhead(back, ahead)),
        2 => (0u16..5, 0u16..4).prop_map(|(blocks, ahead)| common::index::count(blocks, ahead)),
    ];
    prop::collection::vec(entry, 1..40).prop_map(|entries| {
        let mut bytes = vec![0; 8];
        bytes.extend(entries.concat());
        bytes
    })
}

/// Packs of 16 entries of 14 bits, as they are often: heads that are led back to, and others.
fn compact_index() -> impl Strategy<Value = Vec<u8>> {
    let entry = prop_oneof![
        6 => (prop_oneof![4 => Just(1u32), 1 => Just(0), 1 => Just(3)], 0u32..4096)
            .prop_map(|(kind, offset)| (kind << 12) | offset),
        4 => (1u32..5).prop_map(|back| (2 << 12) | back),
        2 => (0u32..5).prop_map(|blocks| (2 << 12) | 0x800 | blocks),
        1 => 0u32..1 << 14,
    ];
    let pack = (prop::collection::vec(entry, 16), 0u32..40).prop_map(|(entries, block)| {
        let mut bytes = vec![0u8; 28];
        for (at, entry) in entries.iter().enumerate() {
            for bit in (0..14).filter(|bit| (entry >> bit) & 1 != 0) {
                bytes[(at * 14 + bit) / 8] |= 1 << ((at * 14 + bit) % 8);
            }
        }
        bytes.extend(block.to_le_bytes());
        bytes
    });
    // Before the first pack of 16 there is as much as makes its place a multiple of 32.
    (prop::collection::vec(pack, 1..6), any::<[u8; 24]>())
        .prop_map(|(packs, before)| [&before[..], &packs.concat()].concat())
}

fn sizes() -> impl Strategy<Value = u64> {
    prop_oneof![
        0u64..200_000,
        Just(1 << 20),
        Just(14 << 20),
        (0u32..63).prop_map(|bits| (1 << bits) - 1),
    ]
}

/// `PROPTEST_CASES` asks for a longer run.
fn config() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(1500),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_index(
        bits in 9u8..=12,
        full in any::<bool>(),
        size in sizes(),
        low in prop_oneof![Just(0u32), 0u32..100, (0u32..600).prop_map(|len| len << 16), any::<u32>()],
        advise in prop_oneof![4 => 0u16..64, 1 => any::<u16>()],
        algorithms in prop_oneof![4 => Just(0x30u8), 1 => any::<u8>()],
        cluster_bits in prop_oneof![4 => Just(0u8), 2 => 0u8..16, 1 => any::<u8>()],
        index in prop_oneof![full_index(), compact_index(), index_bytes()],
        offsets in prop::collection::vec(prop_oneof![0u64..200_000, any::<u64>()], 1..20),
        packed in prop_oneof![4 => Just(4u64), 1 => Just(NID), 1 => Just(0)],
    ) {
        let format = if full { COMPRESSED_FULL } else { COMPRESSED_COMPACT };
        let header = header(low, advise, algorithms, cluster_bits);
        let mut image = image(bits, format, size, &header, &index);
        image.sb64(sb::PACKED_NID, packed);
        search(&image, &offsets);
    }
}

#[test]
fn the_generated_indexes_are_often_sound() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut found = 0;
    for _ in 0..300 {
        let index = full_index().new_tree(&mut runner).unwrap().current();
        let header = header(0, 2, 0x30, 0);
        let image = image(12, COMPRESSED_FULL, 100_000, &header, &index);
        found += search(&image, &[0, 4096, 5000, 10_000, 20_000]);
    }
    assert!(found > 300, "{found} of 3000");
}
