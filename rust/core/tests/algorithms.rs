// SPDX-License-Identifier: GPL-2.0

//! The superblock's compression algorithms and the records behind it.

mod common;

use cofs_core::{
    format::algorithms::{
        Algorithms,
        Lz4, //
    },
    Error,
    Result, //
};
use common::image::{
    sb,
    Image, //
};

const PADDING: u32 = 0x1;
const RECORDS: u32 = 0x2;

/// The algorithms of an image with features, `available_compr_algs` and records.
fn algorithms(bits: u8, incompat: u32, u1: u16, records: &[&[u8]]) -> Result<Algorithms> {
    let mut image = Image::new(bits);
    image.sb32(sb::FEATURE_INCOMPAT, incompat);
    image.sb16(sb::U1, u1);
    let mut pos = 1152usize;
    for record in records {
        pos = pos.next_multiple_of(4);
        image.put(pos, &(record.len() as u16).to_le_bytes());
        image.put(pos + 2, record);
        pos += 2 + record.len();
    }
    Ok(*image.superblock()?.algorithms())
}

fn record(fields: &[u8], len: usize) -> Vec<u8> {
    let mut record = fields.to_vec();
    record.resize(len, 0);
    record
}

#[test]
fn without_records_it_is_lz4_or_nothing() {
    let lz4 = |max_distance| {
        Ok(Algorithms {
            lz4: Some(Lz4 {
                max_distance,
                max_cluster_blocks: 1,
            }),
            ..Algorithms::default()
        })
    };
    let none = algorithms(12, 0, 0, &[]);
    assert_eq!(none, Ok(Algorithms::default()));
    assert!(!none.unwrap().any());
    assert_eq!(algorithms(12, PADDING, 0, &[]), lz4(0));
    assert_eq!(algorithms(12, PADDING, 77, &[]), lz4(77));
    // Where its data ends would not be known.
    assert!(matches!(
        algorithms(12, 0, 77, &[]),
        Err(Error::Unsupported(_))
    ));
}

#[test]
fn all_records() {
    let records: [&[u8]; 4] = [
        &record(&[0xff, 0xff, 16, 0], 14),
        &record(&[0, 0, 0x80, 0], 14),
        // A record may be longer than what is known of it.
        &record(&[15], 9),
        &record(&[0, 10], 6),
    ];
    let found = algorithms(12, PADDING | RECORDS, 0xf, &records).unwrap();
    let lz4 = Lz4 {
        max_distance: 0xffff,
        max_cluster_blocks: 16,
    };
    assert_eq!(
        found,
        Algorithms {
            lz4: Some(lz4),
            lzma_dict_size: Some(8 << 20),
            deflate_window_bits: Some(15),
            zstd_window_log: Some(20),
        }
    );
    // None of them is there without its bit.
    let none = algorithms(12, PADDING | RECORDS, 0, &records).unwrap();
    assert!(!none.any());
}

#[test]
fn bits_without_a_meaning() {
    for bits in [0x10, 0x8000] {
        assert!(matches!(
            algorithms(12, PADDING | RECORDS, bits, &[]),
            Err(Error::Unsupported(_))
        ));
    }
}

#[test]
fn lz4() {
    let blocks = |bits: u8, blocks: u16| {
        let [low, high] = blocks.to_le_bytes();
        let record = record(&[0, 0, low, high], 14);
        algorithms(bits, PADDING | RECORDS, 1, &[&record])
            .map(|found| found.lz4.unwrap().max_cluster_blocks)
    };
    assert_eq!(blocks(12, 0), Ok(1));
    assert_eq!(blocks(12, 256), Ok(256));
    assert!(matches!(blocks(12, 257), Err(Error::Invalid(_))));
    assert_eq!(blocks(9, 2048), Ok(2048));
    assert!(matches!(blocks(9, 2049), Err(Error::Invalid(_))));
    let short = algorithms(12, PADDING | RECORDS, 1, &[&[1; 13]]);
    assert!(matches!(short, Err(Error::Invalid(_))));
    let unpadded = algorithms(12, RECORDS, 1, &[&record(&[0, 0, 1], 14)]);
    assert!(matches!(unpadded, Err(Error::Unsupported(_))));
}

#[test]
fn lzma() {
    let with = |dict_size: u32, format: u8| {
        let mut fields = dict_size.to_le_bytes().to_vec();
        fields.push(format);
        algorithms(12, RECORDS, 2, &[&record(&fields, 14)]).map(|found| found.lzma_dict_size)
    };
    assert_eq!(with(4096, 0), Ok(Some(4096)));
    assert_eq!(with(8 << 20, 0), Ok(Some(8 << 20)));
    for (dict_size, format) in [(4095, 0), (0, 0), ((8 << 20) + 1, 0), (4096, 1)] {
        assert!(matches!(with(dict_size, format), Err(Error::Invalid(_))));
    }
    let short = algorithms(12, RECORDS, 2, &[&[0, 0x10, 0, 0, 0, 0]]);
    assert!(matches!(short, Err(Error::Invalid(_))));
}

#[test]
fn deflate() {
    let with = |bits: u8| algorithms(12, RECORDS, 4, &[&record(&[bits], 6)]);
    assert_eq!(with(15).unwrap().deflate_window_bits, Some(15));
    assert!(matches!(with(16), Err(Error::Unsupported(_))));
    let short = algorithms(12, RECORDS, 4, &[&[15; 5]]);
    assert!(matches!(short, Err(Error::Invalid(_))));
}

#[test]
fn zstd() {
    let with = |format: u8, log: u8| algorithms(12, RECORDS, 8, &[&record(&[format, log], 6)]);
    assert_eq!(with(0, 0).unwrap().zstd_window_log, Some(10));
    assert_eq!(with(0, 10).unwrap().zstd_window_log, Some(20));
    for (format, log) in [(0, 11), (0, 255), (1, 0)] {
        assert!(matches!(with(format, log), Err(Error::Invalid(_))));
    }
    let short = algorithms(12, RECORDS, 8, &[&[0; 5]]);
    assert!(matches!(short, Err(Error::Invalid(_))));
}

#[test]
fn records_that_are_not_there() {
    // A length of 0 stands for 65536, and the image has 64 blocks.
    assert_eq!(algorithms(9, RECORDS, 4, &[]), Err(Error::IO));
    let far = algorithms(12, RECORDS, 4, &[]).unwrap();
    assert_eq!(far.deflate_window_bits, Some(0));
}
