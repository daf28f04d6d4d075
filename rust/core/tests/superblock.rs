// SPDX-License-Identifier: GPL-2.0

//! The checks of the superblock.

mod common;

use cofs_core::{
    pages::METABOX,
    Error,
    Kind,
    SuperBlock, //
};
use common::{
    image::{
        sb,
        Image,
        Node,
        INLINE,
        REG,
        ROOT, //
    },
    pages::crc32c, //
};

/// What a superblock with one field changed is refused with.
fn refused(change: impl Fn(&mut Image)) -> Error {
    let mut image = Image::new(12);
    change(&mut image);
    image.superblock().unwrap_err()
}

#[test]
fn accepts_each_block_size() {
    for bits in 9..=12 {
        let mut image = Image::new(bits);
        assert_eq!(image.superblock().unwrap().block_size(), 1 << bits);
        image.checksum();
        let sb = image.superblock().unwrap();
        assert_eq!(sb.block_bits(), u32::from(bits));
        assert_eq!(sb.dir_block_bits(), u32::from(bits));
        assert_eq!(sb.blocks(), 64);
    }
}

#[test]
fn tells_what_is_there() {
    let mut image = Image::new(12);
    image.put(1024 + sb::UUID, &[9; 16]);
    image.put(1024 + sb::VOLUME_NAME, b"root\0junk");
    let sb = image.superblock().unwrap();
    assert_eq!(sb.root_nid(), ROOT);
    assert_eq!(sb.inos(), 3);
    assert_eq!(sb.epoch(), 1_000_000);
    assert_eq!(sb.fixed_nsec(), 7);
    assert_eq!(sb.uuid(), &[9; 16]);
    assert_eq!(sb.volume_name(), b"root");
    assert_eq!(sb.ishare_prefix(), None);
    assert!(!sb.has_compression());
    assert_eq!(
        cofs_core::Inode::root(&image.pages(), &sb).unwrap().kind(),
        Kind::Directory
    );
}

#[test]
fn volume_name_may_fill_its_field() {
    let mut image = Image::new(12);
    image.put(1024 + sb::VOLUME_NAME, b"0123456789abcdef");
    assert_eq!(
        image.superblock().unwrap().volume_name(),
        b"0123456789abcdef"
    );
}

#[test]
fn refuses_what_is_no_image() {
    assert!(matches!(
        refused(|image| image.sb32(sb::MAGIC, 0)),
        Error::Invalid(_)
    ));
}

#[test]
fn refuses_a_cut_image() {
    let mut image = Image::new(12);
    image.bytes.clear();
    assert_eq!(image.superblock().unwrap_err(), Error::IO);
}

#[test]
fn refuses_block_sizes() {
    for bits in [0, 8, 13, 16, 32, 63, 64, 255] {
        let error = refused(|image| image.sb8(sb::BLKSZBITS, bits));
        assert!(matches!(error, Error::Invalid(_)), "{bits}: {error:?}");
    }
    let error = refused(|image| image.sb8(sb::DIRBLKBITS, 1));
    assert!(matches!(error, Error::Invalid(_)));
}

#[test]
fn refuses_a_bad_checksum() {
    for bits in 9..=12 {
        let mut image = Image::new(bits);
        image.checksum();
        image.bytes[1024 + sb::VOLUME_NAME] ^= 1;
        assert_eq!(image.superblock().unwrap_err(), Error::BadChecksum);
        image.bytes[1024 + sb::VOLUME_NAME] ^= 1;
        // The last byte that is covered, and the first that is not.
        let end = image.block_size() + if bits <= 10 { 1024 } else { 0 };
        image.bytes[end] ^= 1;
        assert!(image.superblock().is_ok());
        image.bytes[end - 1] ^= 1;
        assert_eq!(image.superblock().unwrap_err(), Error::BadChecksum);
    }
}

#[test]
fn a_checksum_comes_before_features() {
    let error = refused(|image| {
        image.checksum();
        image.sb32(sb::FEATURE_INCOMPAT, 1 << 31);
    });
    assert_eq!(error, Error::BadChecksum);
}

#[test]
fn refuses_unknown_features() {
    for bit in 9..32 {
        let error = refused(|image| image.sb32(sb::FEATURE_INCOMPAT, 1 << bit));
        assert!(matches!(error, Error::Invalid(_)), "{bit}: {error:?}");
    }
}

#[test]
fn ignores_unknown_compatible_features() {
    let mut image = Image::new(12);
    image.sb32(sb::FEATURE_COMPAT, 0xffff_ff00);
    assert!(image.superblock().unwrap().has_compat(1 << 31));
}

#[test]
fn refuses_a_superblock_larger_than_its_page() {
    // 128 + 184 * 16 = 3072 still fits.
    let mut image = Image::new(12);
    image.sb8(sb::SB_EXTSLOTS, 184);
    assert!(image.superblock().is_ok());
    let error = refused(|image| image.sb8(sb::SB_EXTSLOTS, 185));
    assert!(matches!(error, Error::Invalid(_)));
}

#[test]
fn checks_the_fingerprint_prefix() {
    let with = |id: u8, count: u8| {
        let mut image = Image::new(12);
        image.sb32(sb::FEATURE_COMPAT, 0x20);
        image.sb8(sb::ISHARE_XATTR_PREFIX_ID, id);
        image.sb8(sb::XATTR_PREFIX_COUNT, count);
        image.superblock()
    };
    assert_eq!(with(1, 2).unwrap().ishare_prefix(), Some(1));
    assert!(matches!(with(2, 2), Err(Error::Corrupt(_))));
    assert!(matches!(with(0, 0), Err(Error::Corrupt(_))));
}

#[test]
fn knows_a_metabox_and_refuses_it() {
    let with = |slots: u8, nid: u64| {
        refused(|image| {
            image.sb32(sb::FEATURE_INCOMPAT, 0x100);
            image.sb8(sb::SB_EXTSLOTS, slots);
            image.sb64(sb::METABOX_NID, nid);
        })
    };
    assert!(matches!(with(0, 5), Error::Corrupt(_)));
    assert!(matches!(with(1, 5 | (1 << 63)), Error::Corrupt(_)));
    assert!(matches!(with(1, 5), Error::Unsupported(_)));

    let mut image = Image::new(12);
    image.sb32(sb::FEATURE_INCOMPAT, 0x100);
    image.sb8(sb::SB_EXTSLOTS, 1);
    image.sb64(sb::METABOX_NID, 5);
    let any = |image: &Image| SuperBlock::read_any(&image.pages(), crc32c);
    let sb = any(&image).unwrap();
    assert_eq!(sb.metabox_nid(), Some(5));
    assert_eq!(sb.inode_pos((1 << 63) | 3), Ok(METABOX | 96));
    assert_eq!(sb.inode_pos(3), Ok((8 << 12) | 96));
    for nid in [1 << 56, (1 << 63) | (1 << 56), (1 << 63) - 1, u64::MAX] {
        assert!(matches!(sb.inode_pos(nid), Err(Error::Corrupt(_))), "{nid}");
    }
    assert_eq!(sb.ino((1 << 63) | 3), (1 << 31) | 3);
    assert_eq!(sb.ino((1 << 31) | 3), (1 << 32) | 3);
    assert_eq!(sb.ino(3), 3);
    // To read the one would take the other.
    image.sb64(sb::PACKED_NID, (1 << 63) | 3);
    assert!(matches!(any(&image), Err(Error::Corrupt(_))));
}

#[test]
fn refuses_extra_devices() {
    let mut image = Image::new(12);
    image.sb32(sb::FEATURE_INCOMPAT, 0x8);
    assert!(image.superblock().is_ok());
    image.sb16(sb::EXTRA_DEVICES, 1);
    assert!(matches!(image.superblock(), Err(Error::Unsupported(_))));
    // Without the feature the field means nothing.
    image.sb32(sb::FEATURE_INCOMPAT, 0);
    assert!(image.superblock().is_ok());
}

#[test]
fn reads_48_bit_fields() {
    let mut image = Image::new(12);
    image.sb64(sb::ROOTNID_8B, 0x1_0000_0000);
    // Without the feature they are not there.
    assert_eq!(image.superblock().unwrap().root_nid(), ROOT);
    image.sb32(sb::FEATURE_INCOMPAT, 0x80);
    let sb = image.superblock().unwrap();
    assert_eq!(sb.root_nid(), 0x1_0000_0000);
    assert_eq!(sb.blocks(), (ROOT << 32) | 64);
    // A root that fits in 16 bits stays in the old field, and then there are no more blocks.
    image.sb64(sb::ROOTNID_8B, 0);
    let sb = image.superblock().unwrap();
    assert_eq!((sb.root_nid(), sb.blocks()), (ROOT, 64));
}

#[test]
fn addresses_do_not_wrap() {
    let sb = Image::new(12).superblock().unwrap();
    assert_eq!(sb.inode_pos(1).unwrap(), (8 << 12) + 32);
    // Nor do they come to where special inodes are.
    assert_eq!(sb.inode_pos((1 << 56) - 1025).unwrap(), (1 << 61) - 32);
    let beyond = [
        (1 << 56) - 1024,
        1 << 57,
        1 << 59,
        u64::MAX >> 1,
        1 << 63,
        u64::MAX,
    ];
    for nid in beyond {
        assert!(matches!(sb.inode_pos(nid), Err(Error::Corrupt(_))));
    }
    // The bit that stands for the metabox is no part of a number.
    for nid in [1 << 63, (1 << 63) | 1] {
        let metabox = Error::Corrupt("inode lies in a metabox that does not exist");
        assert_eq!(sb.inode_pos(nid), Err(metabox));
    }
    assert_eq!(sb.block_pos((1 << 52) - 1).unwrap(), 0xffff_ffff_ffff_f000);
    assert!(matches!(sb.block_pos(1 << 52), Err(Error::Corrupt(_))));
}

#[test]
fn the_root_is_a_directory() {
    let mut image = Image::new(12);
    image.compact(
        ROOT,
        Node {
            format: INLINE,
            mode: REG,
            ..Node::default()
        },
    );
    let sb = image.superblock().unwrap();
    let error = cofs_core::Inode::root(&image.pages(), &sb).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)));
}
