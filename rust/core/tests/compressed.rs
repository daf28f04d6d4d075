// SPDX-License-Identifier: GPL-2.0

//! Clusters by full indexes: what they say, and each way in which they may lie.

mod common;

use cofs_core::{
    compressed::{
        Algorithm,
        Encoded,
        Reach,
        Source, //
    },
    Error,
    Place, //
};
use common::{
    image::{
        sb,
        Image,
        COMPRESSED_COMPACT,
        COMPRESSED_FULL, //
    },
    index::{
        cluster,
        count,
        find,
        full_header,
        head,
        header_pos,
        image,
        nonhead,
        whole,
        BIG_1,
        BIG_2,
        FRAGMENT,
        INLINE_CLUSTER,
        INTERLACED,
        IS_FIRST,
        IS_PLAIN,
        IS_SECOND,
        NID,
        PACKED, //
    },
};

const SHARED: u16 = 1 << 15;
const HOLE: u16 = 1 << 14;
/// The first algorithm is LZ4, the second is zstd.
const BOTH: u8 = 0x30;

fn full(size: u64, advise: u16, entries: &[[u8; 8]]) -> Image {
    let header = full_header(0, advise, BOTH, 0);
    image(12, COMPRESSED_FULL, size, &header, &entries.concat())
}

#[track_caller]
fn corrupt(image: &Image, offset: u64) {
    for reach in [Reach::Near, Reach::Whole] {
        let found = find(image, offset, reach);
        assert!(matches!(found, Err(Error::Corrupt(_))), "{found:?}");
    }
}

#[test]
fn extents_start_and_end_anywhere() {
    let entries = [
        head(IS_FIRST, 0, 20),
        nonhead(1, 1),
        head(IS_SECOND, 100, 21),
        nonhead(1, 2),
        nonhead(2, 1),
        head(IS_PLAIN, 4095, 22),
    ];
    let image = full(24_000, 0, &entries);
    let extents = [
        cluster(0..8292, Algorithm::Lz4, 20 << 12, 4096),
        cluster(8292..24_575, Algorithm::Zstd, 21 << 12, 4096),
    ];
    // The last one starts behind the end of the file, and so there is none.
    let mut last = extents[1];
    last.len = 24_000 - last.offset;
    for (offset, extent) in [
        (0, extents[0]),
        (8291, extents[0]),
        (8292, last),
        (23_999, last),
    ] {
        assert_eq!(whole(&image, offset), Ok(extent), "{offset}");
    }
    // What is near is a lower bound, unless the next extent is seen.
    for (offset, len, known) in [(0, 4096, false), (4096, 8192, false), (8200, 8292, true)] {
        let near = find(&image, offset, Reach::Near).unwrap();
        assert_eq!((near.offset, near.len, near.whole), (0, len, known));
        assert_eq!(near.exact(), known);
    }
    let past = whole(&image, 24_000).unwrap();
    assert_eq!((past.offset, past.source), (24_000, Source::Hole));
    assert_eq!(past.end(), u64::MAX);
}

#[test]
fn an_empty_file_has_no_index() {
    let mut image = full(0, FRAGMENT | INLINE_CLUSTER, &[]);
    let pos = header_pos(&image);
    image.put(pos, &[0x7f; 4096]);
    let found = whole(&image, 0).unwrap();
    assert_eq!((found.offset, found.source), (0, Source::Hole));
}

#[test]
fn distances_to_the_head() {
    // To itself, before the file, and from a logical cluster before which there is none.
    corrupt(
        &full(8192, 0, &[head(IS_FIRST, 0, 20), nonhead(0, 1)]),
        4096,
    );
    corrupt(
        &full(8192, 0, &[head(IS_FIRST, 0, 20), nonhead(2, 1)]),
        4096,
    );
    corrupt(&full(8192, 0, &[nonhead(1, 1)]), 0);
    corrupt(&full(4096, 0, &[head(IS_FIRST, 1, 20)]), 0);
    // Over the head that is nearer.
    let over = [head(IS_FIRST, 0, 20), head(IS_FIRST, 0, 21), nonhead(2, 1)];
    let found = whole(&full(12_288, 0, &over), 8192);
    assert!(matches!(found, Err(Error::Corrupt(_))));
}

#[test]
fn steps_to_the_head_are_few() {
    let far = |back: u16, number: u16| {
        let mut entries = vec![head(IS_FIRST, 0, 20)];
        entries.extend((1..=number).map(|at| nonhead(at.min(back), 1)));
        whole(
            &full((u64::from(number) + 1) << 12, 0, &entries),
            u64::from(number) << 12,
        )
    };
    assert_eq!(far(2047, 3000).unwrap().len, 3001 << 12);
    assert_eq!(far(1, 60).unwrap().len, 61 << 12);
    assert!(matches!(far(1, 100), Err(Error::Corrupt(_))));
    assert!(matches!(far(3, 3000), Err(Error::Corrupt(_))));
}

#[test]
fn early_versions_wrote_no_distance_to_the_next_head() {
    let entries = [
        head(IS_FIRST, 0, 20),
        nonhead(1, 0),
        nonhead(2, 0),
        head(IS_FIRST, 0, 21),
    ];
    assert_eq!(whole(&full(16_384, 0, &entries), 0).unwrap().len, 12_288);
}

#[test]
fn heads_lie_in_their_logical_cluster() {
    corrupt(&full(8192, 0, &[head(IS_FIRST, 4096, 20)]), 0);
    corrupt(&full(8192, 0, &[head(IS_FIRST, 0xffff, 20)]), 0);
    // Which may be larger than a block.
    let header = full_header(0, 0, BOTH, 4);
    let entries = [head(IS_FIRST, 0, 20), head(IS_FIRST, 0xffff, 21)].concat();
    let image = image(12, COMPRESSED_FULL, 131_072, &header, &entries);
    assert_eq!(whole(&image, 100_000).unwrap().len, 131_071);
}

#[test]
fn clusters_of_several_blocks() {
    let entries = [head(IS_FIRST, 0, 20), count(2, 1), head(IS_SECOND, 0, 22)];
    let found = whole(&full(12_288, BIG_1, &entries), 0);
    let expected = cluster(0..8192, Algorithm::Lz4, 20 << 12, 8192);
    assert_eq!(found, Ok(expected));
    assert_eq!(whole(&full(12_288, BIG_1, &entries), 5000), Ok(expected));
    // The file has none; the first algorithm has none, and so what is said is not looked at.
    corrupt(&full(12_288, 0, &entries), 5000);
    assert_eq!(whole(&full(12_288, BIG_2, &entries), 0).unwrap().len, 8192);
    // It must be said.
    let silent = [head(IS_FIRST, 0, 20), nonhead(1, 1), head(IS_FIRST, 0, 22)];
    corrupt(&full(12_288, BIG_1, &silent), 0);
    corrupt(&full(12_288, BIG_1, &silent), 4096);
    // A head behind a head says that there is one block; so does the end of the file.
    let one = [head(IS_FIRST, 0, 20), head(IS_FIRST, 0, 21)];
    for offset in [0, 4096] {
        let Source::Encoded(found) = whole(&full(8192, BIG_1, &one), offset).unwrap().source else {
            panic!("not encoded");
        };
        assert_eq!(found.len, 4096);
    }
    // None at all is a hole.
    let none = [head(IS_FIRST, 0, 20), count(0, 1), head(IS_FIRST, 0, 22)];
    let found = whole(&full(12_288, BIG_1, &none), 4096).unwrap();
    assert_eq!(
        (found.offset, found.len, found.source),
        (0, 8192, Source::Hole)
    );
}

#[test]
fn limits_of_a_cluster() {
    let blocks = |blocks: u16, logical: u64| {
        let mut entries = vec![head(IS_FIRST, 0, 1), count(blocks, 1)];
        entries.extend((2..logical).map(|at| nonhead(at as u16, 1)));
        entries.push(head(IS_FIRST, 0, 1));
        let header = full_header(0, BIG_1, BOTH, 0);
        let mut image = image(12, COMPRESSED_FULL, (logical + 1) << 12, &header, &[]);
        // Behind all else there is room for it.
        image.bytes.resize(4 << 20, 0);
        image.sb32(sb::BLOCKS_LO, 1024);
        let pos = header_pos(&image) + header.len();
        image.put(pos, &entries.concat());
        whole(&image, 0)
    };
    assert!(blocks(256, 256).is_ok());
    assert!(matches!(blocks(257, 300), Err(Error::Unsupported(_))));
    assert_eq!(blocks(1, 3072).unwrap().len, 12 << 20);
    assert!(matches!(blocks(1, 3073), Err(Error::Unsupported(_))));
    // Longer on the device than in the file, but at its end.
    assert!(matches!(blocks(3, 2), Err(Error::Corrupt(_))));
    let entries = [head(IS_FIRST, 0, 20), count(3, 1)];
    assert_eq!(whole(&full(5000, BIG_1, &entries), 0).unwrap().len, 5000);
}

#[test]
fn holes() {
    let entries = [
        head(IS_FIRST, 0, 20),
        head(IS_FIRST | HOLE, 1000, 20),
        head(IS_FIRST, 50, 21),
    ];
    let image = full(12_288, BIG_1, &entries);
    // What is before the hole in its logical cluster is none.
    for offset in [0, 4096, 5095] {
        let expected = cluster(0..5096, Algorithm::Lz4, 20 << 12, 4096);
        assert_eq!(whole(&image, offset), Ok(expected));
    }
    let hole = whole(&image, 6000).unwrap();
    assert_eq!(
        (hole.offset, hole.end(), hole.source),
        (5096, 8242, Source::Hole)
    );
}

#[test]
fn holes_longer_than_clusters_come_in_pieces() {
    let mut entries = vec![head(IS_FIRST | HOLE, 0, 0)];
    entries.extend((1..4000).map(|at: u16| nonhead(at.min(2047), 1)));
    let image = full(4000 << 12, 0, &entries);
    let piece = whole(&image, 5000).unwrap();
    assert_eq!((piece.offset, piece.source), (0, Source::Hole));
    assert!(!piece.whole);
    assert_eq!(piece.len, (12 << 20) + 4096);
}

#[test]
fn clusters_that_decode_to_more() {
    let entries = [head(IS_FIRST | SHARED, 0, 20), head(IS_FIRST, 0, 21)];
    let found = whole(&full(8192, 0, &entries), 0).unwrap();
    assert!(matches!(
        found.source,
        Source::Encoded(Encoded { shared: true, .. })
    ));
    assert!(found.whole && !found.exact());
    // Then the extent may be shorter than its data.
    let entries = [head(IS_FIRST | SHARED, 0, 20), head(IS_FIRST, 1, 21)];
    let mut short = full(8192, 0, &entries);
    assert_eq!(whole(&short, 0).unwrap().len, 4097);
    let pos = header_pos(&short) + 16;
    short.put(pos, &head(IS_FIRST | SHARED, 4000, 20));
    assert_eq!(whole(&short, 4050).unwrap().len, 97);
    short.put(pos, &head(IS_FIRST, 4000, 20));
    let found = whole(&short, 4050);
    assert!(matches!(found, Err(Error::Corrupt(_))));
}

#[test]
fn plain_extents() {
    let entries = [head(IS_PLAIN, 96, 20), head(IS_PLAIN, 96, 21)];
    let plain = |advise: u16| whole(&full(8192, advise, &entries), 96);
    let expected = |algorithm| Ok(cluster(96..4192, algorithm, 20 << 12, 4096));
    assert_eq!(plain(0), expected(Algorithm::Shifted));
    assert_eq!(plain(INTERLACED), expected(Algorithm::Interlaced));
    // One byte more than there is.
    let entries = [head(IS_PLAIN, 95, 20), head(IS_PLAIN, 96, 21)];
    let image = full(8192, 0, &entries);
    let found = whole(&image, 96);
    assert!(matches!(found, Err(Error::Corrupt(_))));
    // As far as what is near goes, nothing is wrong.
    assert!(find(&image, 96, Reach::Near).is_ok());
}

#[test]
fn algorithms_are_those_of_the_superblock() {
    let with = |algorithms: u8, head_type: u16| {
        let header = full_header(0, 0, algorithms, 0);
        let entries = [head(head_type, 0, 20)].concat();
        whole(&image(12, COMPRESSED_FULL, 4096, &header, &entries), 0)
    };
    assert!(with(0x30, IS_FIRST).is_ok());
    assert!(with(0x03, IS_FIRST).is_ok());
    assert!(matches!(with(0x31, IS_FIRST), Err(Error::Corrupt(_))));
    assert!(with(0x31, IS_SECOND).is_ok());
    assert!(matches!(with(0x20, IS_SECOND), Err(Error::Corrupt(_))));
    // Of unknown numbers none is used, and yet they are refused.
    assert!(matches!(with(0x04, IS_SECOND), Err(Error::Unsupported(_))));
    assert!(matches!(with(0x40, IS_FIRST), Err(Error::Unsupported(_))));
}

#[test]
fn big_clusters_are_a_feature_of_the_image() {
    for (advise, format, incompat, sound) in [
        (BIG_1, COMPRESSED_FULL, 0x1, false),
        (BIG_2, COMPRESSED_FULL, 0x1, false),
        (BIG_1, COMPRESSED_FULL, 0x3, true),
        (BIG_1, COMPRESSED_COMPACT, 0x3, false),
        (BIG_2, COMPRESSED_COMPACT, 0x3, false),
        (BIG_1 | BIG_2, COMPRESSED_COMPACT, 0x3, true),
    ] {
        let header = full_header(0, advise, BOTH, 0);
        let mut image = image(12, format, 4096, &header, &[0; 64]);
        image.sb32(sb::FEATURE_INCOMPAT, incompat);
        assert_eq!(whole(&image, 0).is_ok(), sound, "{advise} {format}");
    }
}

#[test]
fn clusters_lie_in_the_image() {
    let at = |block: u32| whole(&full(4096, 0, &[head(IS_FIRST, 0, block)]), 0);
    assert!(at(63).is_ok());
    for block in [64, 0x7fff_ffff, u32::MAX] {
        assert!(matches!(at(block), Err(Error::Corrupt(_))));
    }
    let entries = [head(IS_FIRST, 0, 62), count(2, 1)];
    assert!(whole(&full(9000, BIG_1, &entries), 0).is_ok());
    let entries = [head(IS_FIRST, 0, 62), count(3, 1)];
    corrupt(&full(9000, BIG_1, &entries), 0);
}

#[test]
fn indexes_lie_in_the_image() {
    // Zeros behind the end would be entries too.
    let image = full(i64::MAX as u64, 0, &[head(IS_FIRST, 0, 20)]);
    for offset in [64 << 21, 1 << 40, i64::MAX as u64 - 1] {
        corrupt(&image, offset);
    }
}

/// Header with the size of the data behind the index.
fn inline(size: u64, len: u16, entries: &[[u8; 8]]) -> Image {
    let header = full_header(u32::from(len) << 16, INLINE_CLUSTER | INTERLACED, BOTH, 0);
    image(12, COMPRESSED_FULL, size, &header, &entries.concat())
}

#[test]
fn the_last_cluster_behind_the_index() {
    let entries = [
        head(IS_FIRST, 0, 20),
        head(IS_SECOND, 100, 0),
        nonhead(1, 1),
    ];
    let image = inline(8200, 300, &entries);
    let end = header_pos(&image) as u64 + 16 + 3 * 8;
    let found = whole(&image, 8199).unwrap();
    assert_eq!((found.offset, found.end(), found.whole), (4196, 8200, true));
    let encoded = |algorithm, len| {
        Source::Encoded(Encoded {
            algorithm,
            place: Place::Meta { pos: end },
            len,
            shared: false,
        })
    };
    assert_eq!(found.source, encoded(Algorithm::Zstd, 300));
    assert_eq!(whole(&image, 4196), Ok(found));
    assert_eq!(whole(&image, 4195).unwrap().end(), 4196);
    // There it is not interlaced.
    let plain = [head(IS_FIRST, 0, 20), head(IS_PLAIN, 100, 0), nonhead(1, 1)];
    let image = inline(8200, 4004, &plain);
    assert!(matches!(whole(&image, 4196), Err(Error::Corrupt(_))));
    let plain = [head(IS_FIRST, 0, 20), head(IS_PLAIN, 100, 0)];
    let image = inline(4196 + 50, 50, &plain);
    let found = whole(&image, 4200).unwrap();
    assert!(matches!(
        found.source,
        Source::Encoded(Encoded {
            algorithm: Algorithm::Shifted,
            len: 50,
            ..
        })
    ));
    let longer = whole(&inline(4196 + 51, 50, &plain), 4200);
    assert!(matches!(longer, Err(Error::Corrupt(_))));
}

#[test]
fn inline_clusters_lie_in_one_block() {
    let entries = [head(IS_FIRST, 0, 0)];
    let room = 4096 - (header_pos(&inline(1, 1, &entries)) as u64 + 24) % 4096;
    assert!(whole(&inline(4096, room as u16, &entries), 0).is_ok());
    corrupt(&inline(4096, room as u16 + 1, &entries), 0);
    corrupt(&inline(4096, 0xffff, &entries), 0);
    // None is none.
    assert!(matches!(
        whole(&inline(4096, 0, &[head(IS_FIRST, 0, 20)]), 0)
            .unwrap()
            .source,
        Source::Encoded(Encoded {
            place: Place::Device { .. },
            ..
        })
    ));
}

#[test]
fn fragments() {
    let entries = [head(IS_FIRST, 0, 20), head(IS_FIRST, 100, 7), nonhead(1, 1)];
    let header = full_header(0x8000_0001, FRAGMENT, BOTH, 0);
    let mut image = image(12, COMPRESSED_FULL, 9000, &header, &entries.concat());
    let found = whole(&image, 4200).unwrap();
    assert_eq!((found.offset, found.end(), found.whole), (4196, 9000, true));
    assert_eq!(
        found.source,
        Source::Fragment {
            pos: (7 << 32) | 0x8000_0001
        }
    );
    assert_eq!(find(&image, 8999, Reach::Near), Ok(found));
    assert_eq!(whole(&image, 4195).unwrap().end(), 4196);
    // In the first logical cluster it is all of the file.
    let pos = header_pos(&image) + 16;
    image.put(
        pos,
        &[head(IS_FIRST, 100, 0), nonhead(1, 1), nonhead(2, 1)].concat(),
    );
    assert_eq!(whole(&image, 0).unwrap().len, 9000);
    // There is no packed inode, or this is it.
    image.sb64(sb::PACKED_NID, 0);
    corrupt(&image, 0);
    image.sb64(sb::PACKED_NID, PACKED);
    assert!(whole(&image, 0).is_ok());
    image.sb64(sb::PACKED_NID, NID);
    corrupt(&image, 0);
    image.sb64(sb::PACKED_NID, PACKED);
    image.sb32(sb::FEATURE_INCOMPAT, 0x3);
    corrupt(&image, 0);
}

#[test]
fn whole_files_as_fragments() {
    let with = |pos: u64, format: u16| {
        let header = (pos | (1 << 63)).to_le_bytes();
        whole(&image(12, format, 77_777, &header, &[]), 5)
    };
    for format in [COMPRESSED_FULL, COMPRESSED_COMPACT] {
        let found = with(0x1234_5678_9abc, format).unwrap();
        assert_eq!((found.offset, found.len, found.whole), (0, 77_777, true));
        assert_eq!(
            found.source,
            Source::Fragment {
                pos: 0x1234_5678_9abc
            }
        );
        let far = with(i64::MAX as u64 - 100, format);
        assert!(matches!(far, Err(Error::Corrupt(_))));
    }
}

#[test]
fn the_metabox_has_no_fragments() {
    let header = (1u64 << 63).to_le_bytes();
    let mut image = image(12, COMPRESSED_FULL, 77_777, &header, &[]);
    image.sb8(sb::SB_EXTSLOTS, 1);
    image.sb32(sb::FEATURE_INCOMPAT, 0x123);
    // The records are behind the larger superblock.
    image.put(1168, &14u16.to_le_bytes());
    image.put(1184, &6u16.to_le_bytes());
    image.sb64(sb::METABOX_NID, NID + 4);
    assert!(whole(&image, 0).is_ok());
    image.sb64(sb::METABOX_NID, NID);
    corrupt(&image, 0);
}
