// SPDX-License-Identifier: GPL-2.0

//! Clusters by compact indexes: packs of 2 and of 16 entries.

mod common;

use cofs_core::{
    compressed::{
        Algorithm,
        Reach, //
    },
    Error, //
};
use common::{
    image::{
        Image,
        COMPRESSED_COMPACT, //
    },
    index::{
        cluster,
        find,
        header,
        image,
        whole,
        BIG_1,
        BIG_2,
        INLINE_CLUSTER,
        IS_FIRST,
        IS_NONHEAD,
        IS_PLAIN, //
    },
};

const LARGE_PACKS: u16 = 1;
const BIG: u16 = BIG_1 | BIG_2;
const COUNT: u16 = 0x800;

/// A type and a number, and where its number ends.
#[derive(Clone, Copy)]
struct Item(u16, u16);

fn head(offset: u16) -> Item {
    Item(IS_FIRST, offset)
}

fn plain(offset: u16) -> Item {
    Item(IS_PLAIN, offset)
}

fn back(distance: u16) -> Item {
    Item(IS_NONHEAD, distance)
}

/// 2 items of 16 bits or 16 of 14, of which `value_bits` are the number, and a block.
fn pack(items: &[Item], value_bits: u32, block: u32) -> Vec<u8> {
    let (entry_bits, size) = match items.len() {
        2 => (16, 8),
        16 => (14, 32),
        other => panic!("{other} items"),
    };
    let mut bytes = vec![0; size];
    for (number, Item(kind, value)) in items.iter().enumerate() {
        let entry = (kind << value_bits) | value;
        for bit in (0..entry_bits).filter(|bit| (entry >> bit) & 1 != 0) {
            let at = number * entry_bits + bit;
            bytes[at / 8] |= 1 << (at % 8);
        }
    }
    bytes[size - 4..].copy_from_slice(&block.to_le_bytes());
    bytes
}

/// A file of packs. The header ends at a place that leaves 6 entries to packs of 2.
fn compact(size: u64, advise: u16, packs: &[Vec<u8>]) -> Image {
    let header = header(0, advise, 0, 0);
    image(12, COMPRESSED_COMPACT, size, &header, &packs.concat())
}

#[track_caller]
fn corrupt(image: &Image, offset: u64) {
    let found = whole(image, offset);
    assert!(matches!(found, Err(Error::Corrupt(_))), "{found:?}");
}

/// The blocks of the clusters found from head to head.
fn blocks(image: &Image, size: u64) -> Vec<(u64, u64)> {
    let mut blocks = Vec::new();
    let mut offset = 0;
    while offset < size {
        let found = whole(image, offset).unwrap();
        let cofs_core::compressed::Source::Encoded(encoded) = found.source else {
            panic!("{found:?}");
        };
        let cofs_core::Place::Device { pos, .. } = encoded.place else {
            panic!("{found:?}");
        };
        blocks.push((pos >> 12, encoded.len >> 12));
        offset = found.end();
    }
    blocks
}

#[test]
fn packs_of_two() {
    let packs = [
        // The block is the one before the first.
        pack(&[head(0), plain(9)], 12, 19),
        // The last of a pack has the distance to the next head.
        pack(&[head(5), back(1)], 12, 21),
        pack(&[plain(7), back(1)], 12, 22),
    ];
    let image = compact(20_000, 0, &packs);
    let extents = [
        cluster(0..4105, Algorithm::Lz4, 20 << 12, 4096),
        cluster(4105..8197, Algorithm::Shifted, 21 << 12, 4096),
        cluster(8197..16_391, Algorithm::Lz4, 22 << 12, 4096),
        cluster(16_391..20_000, Algorithm::Shifted, 23 << 12, 4096),
    ];
    for extent in extents {
        for offset in [extent.offset, extent.offset + 2000, extent.end() - 1] {
            assert_eq!(whole(&image, offset), Ok(extent), "{offset}");
        }
    }
}

/// 6 entries in packs of 2, 16 in one, and what is left in packs of 2 again.
fn three_areas(advise: u16) -> (Image, u64) {
    let size = (6 + 16 + 3) << 12;
    let mut middle = vec![head(0), back(1), back(2)];
    middle.extend([head(1); 12]);
    middle.push(back(2));
    let packs = [
        pack(&[head(0), back(2)], 12, 9),
        pack(&[back(2), head(0)], 12, 9),
        pack(&[head(3), back(1)], 12, 11),
        pack(&middle, 12, 12),
        pack(&[back(2), head(0)], 12, 24),
        pack(&[head(0), back(1)], 12, 26),
    ];
    (compact(size, LARGE_PACKS | advise, &packs), size)
}

#[test]
fn packs_of_sixteen() {
    let (image, size) = three_areas(0);
    let found = blocks(&image, size);
    let expected: Vec<_> = [10, 10, 12, 13]
        .into_iter()
        .chain(14..26)
        .chain([25, 27])
        .map(|block| (block, 1))
        .collect();
    // A head in a pack after entries that belong to one before it has the pack's first block.
    assert_eq!(found, expected);
    // The last of 16 is 1 behind its head, as the one before it is a head.
    let near = find(&image, 21 << 12, Reach::Near).unwrap();
    assert_eq!(near.offset, (20 << 12) + 1);
    // Through the border of the packs.
    assert_eq!(whole(&image, 22 << 12).unwrap().offset, (20 << 12) + 1);
}

#[test]
fn blocks_add_up() {
    let items = [
        head(0),
        back(COUNT | 3),
        back(2),
        back(3),
        head(0),
        head(0),
        back(COUNT | 2),
        head(0),
        back(COUNT | 5),
        back(2),
        back(3),
        back(4),
        back(5),
        plain(0),
        head(0),
        back(1),
    ];
    let packs = [
        pack(&[head(0), head(0)], 12, 10),
        pack(&[head(0), head(0)], 12, 12),
        pack(&[head(0), head(0)], 12, 14),
        pack(&items, 12, 16),
    ];
    let size = 22 << 12;
    let mut expected: Vec<_> = (10..16).map(|block| (block, 1)).collect();
    expected.extend([(16, 3), (19, 1), (20, 2), (22, 5), (27, 1)]);
    // The last entry cannot say how many blocks there are, and so the head before it must not.
    let image = compact(size, LARGE_PACKS | BIG, &packs);
    assert_eq!(blocks(&image, size - 8192), expected);
    corrupt(&image, size - 8192);
    // Without big clusters the numbers of blocks are none.
    let image = compact(size, LARGE_PACKS, &packs);
    corrupt(&image, 7 << 12);
    let near = find(&image, 6 << 12, Reach::Near).unwrap();
    assert_eq!(near.len, 4096);
}

#[test]
fn a_count_at_the_end_of_a_pack() {
    let packs = [
        pack(&[head(0), back(COUNT | 2)], 12, 10),
        pack(&[back(2), head(0)], 12, 12),
    ];
    let image = compact(16_384, BIG, &packs);
    assert_eq!(
        whole(&image, 0),
        Ok(cluster(0..12_288, Algorithm::Lz4, 10 << 12, 8192))
    );
    // The distance from the last of a pack is 2 behind such an entry.
    let packs = [
        pack(&[plain(0), head(0)], 12, 10),
        pack(&[back(COUNT | 1), back(1)], 12, 12),
        pack(&[head(0), head(0)], 12, 12),
    ];
    let image = compact(20_000, BIG, &packs);
    let found = whole(&image, 12_288).unwrap();
    assert_eq!((found.offset, found.len), (4096, 8192 + 4096));
}

#[test]
fn distances_where_clusters_are_big() {
    // The entry behind a head has the number of blocks, and no distance of 1.
    for distance in [0, 1] {
        let mut items = vec![head(0), back(distance)];
        items.extend([head(0); 14]);
        let packs = [
            pack(&[head(0), head(0)], 12, 10),
            pack(&[head(0), head(0)], 12, 12),
            pack(&[head(0), head(0)], 12, 14),
            pack(&items, 12, 16),
        ];
        let image = compact(22 << 12, LARGE_PACKS | BIG, &packs);
        corrupt(&image, 8 << 12);
        assert!(whole(&compact(22 << 12, LARGE_PACKS, &packs), 8 << 12).is_ok());
    }
}

#[test]
fn sizes_of_logical_clusters() {
    let with = |advise: u16, cluster_bits: u8, lcn: u64, value_bits: u32| {
        let header = header(0, advise, 0, cluster_bits);
        let mut packs = pack(&[head(4095), head(5)], value_bits, 19).repeat(3);
        packs.extend([0; 64]);
        let image = image(12, COMPRESSED_COMPACT, 100 << 12, &header, &packs);
        find(&image, (lcn << (12 + cluster_bits)) + 4095, Reach::Near)
    };
    assert_eq!(with(0, 2, 0, 14).unwrap().offset, 4095);
    assert_eq!(with(0, 2, 1, 14).unwrap().offset, 16_384 + 5);
    assert!(matches!(with(0, 3, 0, 15), Err(Error::Invalid(_))));
    assert!(matches!(with(0, 15, 0, 15), Err(Error::Invalid(_))));
    // Packs of 16 have room for less.
    assert!(with(LARGE_PACKS, 1, 5, 13).is_ok());
    assert!(matches!(
        with(LARGE_PACKS, 1, 6, 13),
        Err(Error::Unsupported(_))
    ));
    assert!(with(LARGE_PACKS, 0, 6, 12).is_ok());
}

#[test]
fn heads_lie_in_their_logical_cluster() {
    // In blocks of 512 bytes, as numbers still have 12 bits.
    for (offset, sound) in [(511, true), (512, false), (4095, false)] {
        let packs = pack(&[head(0), head(offset)], 12, 19);
        let header = header(0, 0, 0, 0);
        let image = image(9, COMPRESSED_COMPACT, 1024, &header, &packs);
        assert_eq!(whole(&image, 0).is_ok(), sound);
    }
}

#[test]
fn the_last_cluster_behind_the_packs() {
    let packs = [
        pack(&[head(0), head(50)], 12, 19),
        pack(&[back(1), back(1)], 12, 0),
    ];
    let header = header(300 << 16, INLINE_CLUSTER, 0, 0);
    let image = image(12, COMPRESSED_COMPACT, 12_000, &header, &packs.concat());
    let found = whole(&image, 5000).unwrap();
    assert_eq!((found.offset, found.end()), (4146, 12_000));
    // Behind the whole pack, of which the second entry is none of the file's.
    let pos = common::index::header_pos(&image) as u64 + 8 + 16;
    let cofs_core::compressed::Source::Encoded(encoded) = found.source else {
        panic!("{found:?}");
    };
    assert_eq!(encoded.place, cofs_core::Place::Meta { pos });
}

#[test]
fn packs_lie_in_the_image() {
    let image = compact(1 << 50, 0, &[pack(&[head(0), head(0)], 12, 19)]);
    for offset in [1 << 40, (1 << 50) - 1] {
        corrupt(&image, offset);
    }
}
