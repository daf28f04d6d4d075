// SPDX-License-Identifier: GPL-2.0

//! Clusters by records of extents.

mod common;

use cofs_core::{
    compressed::{
        Algorithm,
        Encoded,
        Source, //
    },
    Error, //
};
use common::{
    image::{
        Image,
        COMPRESSED_FULL, //
    },
    index::{
        cluster,
        header,
        image,
        whole,
        FRAGMENT,
        INTERLACED, //
    },
};

const EXTENTS: u16 = 1;
const SHARED: u32 = 1 << 27;
/// The number of an algorithm, in the length.
const LZ4: u32 = 1 << 28;
const ZSTD: u32 = 4 << 28;

/// A file with records of a size, given as its log2 in units of 4 bytes.
fn extents(file_size: u64, record_bits: u16, advise: u16, count: u32, records: &[u32]) -> Image {
    let header = header(count, EXTENTS | (record_bits << 1) | advise, 0, 0);
    let mut bytes = Vec::new();
    // The header ends at a multiple of 8 bytes, the records start at one of their size.
    let start: usize = (8 << 12) + 16 * 32 + 64 + 8;
    bytes.resize(start.next_multiple_of(4 << record_bits) - start, 0);
    bytes.extend(records.iter().flat_map(|word| word.to_le_bytes()));
    image(12, COMPRESSED_FULL, file_size, &header, &bytes)
}

#[test]
fn records_of_4_bytes_add_up() {
    let records = [0x12345, 0, LZ4 | 100, 0, ZSTD | 5000, LZ4 | SHARED | 7];
    let image = extents(14_000, 0, 0, 0, &records);
    let mut expected = [
        cluster(0..4096, Algorithm::Lz4, 0x12345, 100),
        cluster(4096..8192, Algorithm::Lz4, 0, 0),
        cluster(8192..12_288, Algorithm::Zstd, 0x12345 + 100, 5000),
        cluster(12_288..14_000, Algorithm::Lz4, 0x12345 + 5100, 7),
    ];
    expected[1].source = Source::Hole;
    if let Source::Encoded(encoded) = &mut expected[3].source {
        encoded.shared = true;
    }
    // The third is longer than what it decodes to.
    for (at, extent) in expected.into_iter().enumerate() {
        for offset in [extent.offset, extent.end() - 1] {
            let found = whole(&image, offset);
            if at == 2 {
                assert!(matches!(found, Err(Error::Corrupt(_))));
            } else {
                assert_eq!(found, Ok(extent));
            }
        }
    }
    // The sum goes past 64 bits.
    let records = [u32::MAX, u32::MAX, LZ4 | 100, LZ4 | 100];
    let image = extents(8192, 0, 0, 0, &records);
    assert!(matches!(whole(&image, 4096), Err(Error::Corrupt(_))));
}

#[test]
fn records_of_8_bytes() {
    let records = [LZ4 | 100, 0x20000, ZSTD | 4000, 0x10001];
    let image = extents(8000, 1, 0, 0, &records);
    let first = cluster(0..4096, Algorithm::Lz4, 0x20000, 100);
    assert_eq!(whole(&image, 4095), Ok(first));
    let second = cluster(4096..8000, Algorithm::Zstd, 0x10001, 4000);
    assert_eq!(whole(&image, 4096), Ok(second));
}

#[test]
fn records_that_are_searched() {
    for bits in [2, 3] {
        let mut records = Vec::new();
        for (len, pos, start) in [
            (LZ4 | 50, 0x8001, 1000),
            (0, 0, 3000),
            (ZSTD | 60, 0x9001, 3001),
            (LZ4 | SHARED | 70, 0xa001, 50_000),
        ] {
            records.extend([len, pos, 0, start]);
            records.resize(records.len().next_multiple_of(1 << bits), 0);
        }
        let image = extents(60_000, bits, 0, 4, &records);
        let hole = |offset: u64, end: u64| {
            let found = whole(&image, offset).unwrap();
            assert_eq!((found.end(), found.source), (end, Source::Hole));
        };
        hole(0, 1000);
        hole(999, 1000);
        hole(3000, 3001);
        let first = cluster(1000..3000, Algorithm::Lz4, 0x8001, 50);
        assert_eq!(whole(&image, 1000), Ok(first));
        assert_eq!(whole(&image, 2999), Ok(first));
        let second = cluster(3001..50_000, Algorithm::Zstd, 0x9001, 60);
        assert_eq!(whole(&image, 3001), Ok(second));
        assert_eq!(whole(&image, 49_999), Ok(second));
        let last = whole(&image, 50_000).unwrap();
        assert_eq!(last.end(), 60_000);
        assert!(!last.exact());
    }
}

#[test]
fn starts_beyond_32_bits() {
    let far = (5u64 << 32) | 7;
    let record = |start: u64| {
        [
            LZ4 | 50,
            0x8001,
            0,
            start as u32,
            (start >> 32) as u32,
            0,
            0,
            0,
        ]
    };
    let records = [record(0), record(far)].concat();
    let image = extents(far + 100, 3, 0, 2, &records);
    assert_eq!(whole(&image, far + 99).unwrap().offset, far);
    // What is before has more than a cluster can have.
    assert!(matches!(whole(&image, far - 1), Err(Error::Unsupported(_))));
    // Records of 16 bytes have only the low half.
    let records = [[LZ4 | 50, 0x8001, 0, 0], [LZ4 | 50, 0x8001, 0, 7]].concat();
    let image = extents(far + 100, 2, 0, 2, &records);
    assert!(matches!(
        whole(&image, far + 99),
        Err(Error::Unsupported(_))
    ));
}

#[test]
fn records_are_in_order() {
    let records = [
        [LZ4 | 50, 0x8001, 0, 0],
        [LZ4 | 50, 0x8001, 0, 70_000],
        [LZ4 | 50, 0x8001, 0, 5000],
    ];
    let image = extents(60_000, 2, 0, 3, &records.concat());
    assert!(matches!(whole(&image, 10), Err(Error::Corrupt(_))));
    // No record is no data.
    let image = extents(60_000, 2, 0, 0, &[]);
    let found = whole(&image, 10).unwrap();
    assert_eq!((found.end(), found.source), (60_000, Source::Hole));
}

#[test]
fn more_records_than_there_are() {
    let records = [[LZ4 | 50, 0x8001, 0, 0], [LZ4 | 50, 0x8001, 0, 5000]].concat();
    let image = extents(60_000, 2, 0, u32::MAX, &records);
    assert!(matches!(whole(&image, 10), Err(Error::Corrupt(_))));
    // Of which those behind the image are none.
    let image = extents(i64::MAX as u64, 1, 0, 0, &records);
    assert!(matches!(whole(&image, 1 << 40), Err(Error::Corrupt(_))));
    let image = extents(i64::MAX as u64, 0, 0, 0, &records);
    assert!(matches!(whole(&image, 1 << 40), Err(Error::Corrupt(_))));
}

#[test]
fn lengths_and_algorithms() {
    let with = |len: u32, pos: u64, advise: u16| {
        let records = [[len, pos as u32, (pos >> 32) as u32, 0]].concat();
        whole(&extents(4096, 2, advise, 1, &records), 0)
    };
    for algorithm in [2, 3] {
        let absent = with((algorithm << 28) | 100, 0x8000, 0);
        assert!(matches!(absent, Err(Error::Corrupt(_))));
    }
    for unknown in 5..16 {
        let found = with((unknown << 28) | 100, 0x8000, 0);
        assert!(matches!(found, Err(Error::Unsupported(_))), "{unknown}");
    }
    // Not compressed.
    let algorithm = |pos: u64, len: u32, advise: u16| {
        with(len, pos, advise).map(|found| match found.source {
            Source::Encoded(Encoded { algorithm, .. }) => algorithm,
            _ => panic!("not encoded"),
        })
    };
    assert_eq!(
        algorithm(0x8000, 4096, INTERLACED),
        Ok(Algorithm::Interlaced)
    );
    // Interlaced needs whole blocks, whichever of the two is not.
    assert_eq!(algorithm(0x8001, 4096, INTERLACED), Ok(Algorithm::Shifted));
    assert_eq!(algorithm(0x8000, 4097, INTERLACED), Ok(Algorithm::Shifted));
    assert_eq!(algorithm(0x8000, 4096, 0), Ok(Algorithm::Shifted));
    assert!(matches!(algorithm(0x8000, 4095, 0), Err(Error::Corrupt(_))));
    // More than a cluster has; out of the image; past 64 bits.
    let large = with(LZ4 | SHARED | ((1 << 20) + 1), 0x8000, 0);
    assert!(matches!(large, Err(Error::Unsupported(_))));
    for pos in [(64 << 12) - 99, 1 << 60, u64::MAX - 50] {
        let found = with(LZ4 | SHARED | 100, pos, 0);
        assert!(matches!(found, Err(Error::Corrupt(_))), "{pos}");
    }
    assert!(with(LZ4 | SHARED | 100, (64 << 12) - 100, 0).is_ok());
}

#[test]
fn the_last_extent_as_a_fragment() {
    let fragment = |image: &Image, offset| match whole(image, offset).unwrap().source {
        Source::Fragment { pos } => Some(pos),
        _ => None,
    };
    let records = [[LZ4 | 50, 0x8001, 0, 0], [0x9000_0001, 0x77, 3, 5000]].concat();
    let image = extents(6000, 2, FRAGMENT, 2, &records);
    assert_eq!(fragment(&image, 4999), None);
    // All bits of the length are the low half, and the place's low half is the high one.
    assert_eq!(fragment(&image, 5000), Some(0x77_9000_0001));
    let image = extents(6000, 1, FRAGMENT, 0, &[LZ4 | 50, 0x8001, 9, 8]);
    assert_eq!(fragment(&image, 4095), None);
    assert_eq!(fragment(&image, 5999), Some(0x8_0000_0009));
    let image = extents(6000, 0, FRAGMENT, 0, &[0x8001, 0, LZ4 | 50, 0xf000_0009]);
    assert_eq!(fragment(&image, 4095), None);
    assert_eq!(fragment(&image, 5999), Some(0xf000_0009));
}
