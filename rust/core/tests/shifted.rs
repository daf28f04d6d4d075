// SPDX-License-Identifier: GPL-2.0

//! Images that start behind an offset, which need not be a multiple of the page size.

mod common;

use cofs_core::{
    pages::{
        self,
        Memory,
        Shifted, //
    },
    Error,
    Pages,
    SuperBlock, //
};
use common::{
    full::{
        full,
        with_devices, //
    },
    image::{
        sb,
        Image, //
    },
    pages::{
        crc32c,
        Behind,
        FilePages, //
    },
    walk::walk, //
};
use proptest::prelude::*;

/// An image behind `offset` bytes that are not zero.
fn behind(image: &Image, offset: u64) -> FilePages {
    let mut bytes = vec![0xa5; offset as usize];
    bytes.extend_from_slice(&image.bytes);
    FilePages::new(bytes)
}

#[test]
fn images_walk_the_same_behind_an_offset() {
    for bits in 9..=12 {
        for mut image in [full(bits), with_devices(bits)] {
            image.checksum();
            let expected = walk(&image.pages()).unwrap();
            assert_eq!(expected.errors, 0);
            for blocks in [1, 3, 7, 8, 64] {
                let offset = blocks << bits;
                let pages = behind(&image, offset);
                let reached = walk(&Behind::new(&pages, offset));
                assert_eq!(reached.as_ref(), Ok(&expected), "{bits} {blocks}");
                // It is not there without the offset.
                assert!(walk(&pages).is_err());
            }
        }
    }
}

#[test]
fn blocks_start_where_blocks_can() {
    for bits in 9..=12 {
        let mut image = full(bits);
        image.checksum();
        for offset in [1, 256, 511, 512, 1024, 1536, 2048, 3072, 4096, 4608, 6144] {
            let pages = behind(&image, offset);
            let found = SuperBlock::read(&Shifted::new(&pages, offset), crc32c);
            match found {
                Ok(_) => assert_eq!(offset % (1 << bits), 0),
                Err(error) => {
                    assert_ne!(offset % (1 << bits), 0);
                    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
                }
            }
        }
    }
}

#[test]
fn checksums_are_checked_behind_an_offset() {
    for bits in 9..=12 {
        let mut image = full(bits);
        image.checksum();
        for blocks in [1, 5, 8] {
            let offset = blocks << bits;
            let mut bytes = behind(&image, offset).bytes.to_vec();
            bytes[offset as usize + 1024 + sb::VOLUME_NAME] ^= 1;
            let pages = FilePages::new(bytes);
            let error = SuperBlock::read(&Shifted::new(&pages, offset), crc32c).unwrap_err();
            assert_eq!(error, Error::BadChecksum);
        }
    }
}

#[test]
fn offsets_add_up() {
    let bytes: Vec<u8> = (0..16_384u32).map(|at| (at / 64) as u8).collect();
    let inner = Shifted::new(Memory(&bytes), 4096);
    let outer = Shifted::new(&inner, 640);
    assert_eq!(outer.origin(), 4736);
    let (page, at) = pages::locate(&outer, 0).unwrap();
    assert_eq!(page[at], 74);
}

#[test]
fn offsets_do_not_wrap() {
    let bytes = [0; 8192];
    let inner = Shifted::new(Memory(&bytes), 1 << 63);
    for offset in [1 << 63, u64::MAX - 4096, u64::MAX] {
        let outer = Shifted::new(&inner, offset);
        assert!(pages::fill(&outer, 0, &mut [0]).is_err());
        assert!(pages::locate(&outer, 4096).is_err());
        assert!(SuperBlock::read(&outer, crc32c).is_err());
    }
}

proptest! {
    #[test]
    fn bytes_are_those_behind_the_offset(
        offset in 0u64..9000,
        pos in 0u64..9000,
        len in 0usize..9000,
    ) {
        let mut state = 1u32;
        let bytes: Vec<u8> = (0..28_672)
            .map(|_| {
                state = state.wrapping_mul(0x915f_77f5).wrapping_add(7);
                (state >> 24) as u8
            })
            .collect();
        let shifted = Shifted::new(Memory(&bytes), offset);
        let mut out = vec![0; len];
        pages::fill(&shifted, pos, &mut out).unwrap();
        let start = (offset + pos) as usize;
        prop_assert_eq!(&out, &bytes[start..start + len]);
        let (page, at) = pages::locate(&shifted, pos).unwrap();
        let end = (start / 4096 + 1) * 4096;
        prop_assert_eq!(&page[at..], &bytes[start..end]);
    }
}
