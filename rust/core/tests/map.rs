// SPDX-License-Identifier: GPL-2.0

//! From file offsets to the device.

mod common;

use cofs_core::{
    data,
    map,
    pages::Shifted,
    Error,
    Extent,
    Inode,
    Pages,
    Place,
    Result,
    SuperBlock, //
};
use common::{
    image::{
        sb,
        Image,
        Node,
        CHUNK,
        COMPRESSED_FULL,
        EXTENDED,
        INLINE,
        PLAIN,
        REG, //
    },
    pages::FilePages, //
};

const NID: u64 = 16;
const HOLE: Place = Place::Hole;

fn device(pos: u64) -> Place {
    Place::Device { device: 0, pos }
}

/// An image with one file.
struct File {
    pages: FilePages,
    sb: SuperBlock,
    inode: Inode,
}

impl File {
    fn new(image: &Image) -> Self {
        Self {
            pages: image.pages(),
            sb: image.superblock().unwrap(),
            inode: image.inode(NID).unwrap(),
        }
    }

    fn flat(block_bits: u8, format: u16, size: u64, start: u32) -> Self {
        let mut image = Image::new(block_bits);
        let node = Node {
            format,
            mode: REG,
            size,
            u: start,
            ..Node::default()
        };
        if format & EXTENDED == 0 {
            image.compact(NID, node);
        } else {
            image.extended(NID, node);
        }
        Self::new(&image)
    }

    /// A chunk-based file with these 4-byte words behind its inode.
    fn chunks(block_bits: u8, format: u32, size: u64, words: &[u32]) -> Self {
        let mut image = Image::new(block_bits);
        let node = Node {
            format: CHUNK,
            mode: REG,
            size,
            u: format,
            ..Node::default()
        };
        image.extended(NID, node);
        let pos = image.node(NID) + 64;
        for (number, word) in words.iter().enumerate() {
            image.put(pos + number * 4, &word.to_le_bytes());
        }
        Self::new(&image)
    }

    fn map(&self, offset: u64, want: u64) -> Result<Extent> {
        map(&self.pages, &self.sb, &self.inode, offset, want)
    }

    /// What `map` says without the offset, which must be the one asked for.
    fn at(&self, offset: u64, want: u64) -> (u64, Place) {
        let extent = self.map(offset, want).unwrap();
        assert_eq!(extent.offset, offset);
        (extent.len, extent.place)
    }
}

fn is_corrupt<T>(result: Result<T>) -> bool {
    matches!(result, Err(Error::Corrupt(_)))
}

#[test]
fn plain() {
    let file = File::flat(12, PLAIN, 10_000, 20);
    assert_eq!(file.at(0, 4096), (4096, device(20 << 12)));
    assert_eq!(file.at(100, 50), (50, device((20 << 12) + 100)));
    // The last block is there as a whole.
    assert_eq!(file.at(0, 1 << 20), (12_288, device(20 << 12)));
    assert_eq!(file.at(9_999, 1 << 20), (2_289, device((20 << 12) + 9_999)));
    assert_eq!(file.at(10_000, 77), (77, HOLE));
    assert_eq!(file.at(u64::MAX, 77), (77, HOLE));
    assert_eq!(file.at(0, 0), (0, HOLE));
}

#[test]
fn plain_with_small_blocks() {
    let file = File::flat(9, PLAIN, 1025, 20);
    assert_eq!(file.at(0, 4096), (1536, device(20 << 9)));
}

#[test]
fn plain_without_blocks() {
    let file = File::flat(12, PLAIN, 10_000, u32::MAX);
    assert_eq!(file.at(0, 1 << 20), (1 << 20, HOLE));
    // An inline file has no such thing.
    let file = File::flat(12, INLINE, 10_000, u32::MAX);
    assert!(is_corrupt(file.map(0, 4096)));
}

#[test]
fn inline() {
    let file = File::flat(12, INLINE, 10_000, 20);
    let tail = file.inode.xattr_pos();
    assert_eq!(file.at(0, 1 << 20), (8192, device(20 << 12)));
    assert_eq!(file.at(8191, 9), (1, device((20 << 12) + 8191)));
    assert_eq!(file.at(8192, 1 << 20), (1808, Place::Meta { pos: tail }));
    let pos = tail + 1800;
    assert_eq!(file.at(9_992, 5), (5, Place::Meta { pos }));
    assert_eq!(file.at(9_992, 4096), (8, Place::Meta { pos }));
    assert_eq!(file.at(10_000, 4096), (4096, HOLE));
}

#[test]
fn inline_with_small_blocks() {
    let file = File::flat(9, INLINE, 600, 20);
    let tail = file.inode.xattr_pos();
    assert_eq!(file.at(0, 4096), (512, device(20 << 9)));
    assert_eq!(file.at(512, 4096), (88, Place::Meta { pos: tail }));
}

#[test]
fn inline_only() {
    let file = File::flat(12, INLINE, 5, 0);
    let tail = file.inode.xattr_pos();
    assert_eq!(file.at(0, 4096), (5, Place::Meta { pos: tail }));
    assert_eq!(File::flat(12, INLINE, 0, 0).at(0, 4096), (4096, HOLE));
}

#[test]
fn refuses_a_tail_across_blocks() {
    // The inode ends at 544 of its block.
    assert!(File::flat(12, INLINE, 4096 - 544, 0).map(0, 1).is_ok());
    let file = File::flat(12, INLINE, 4096 - 543, 0);
    assert!(is_corrupt(file.map(0, 1)));
    // Wherever in the tail one starts.
    assert!(is_corrupt(file.map(4096 - 544, 1)));
    // With small blocks, where the tail would still be in the page.
    assert!(File::flat(9, INLINE, 512 - 32, 0).map(0, 1).is_ok());
    assert!(is_corrupt(File::flat(9, INLINE, 512 - 31, 0).map(0, 1)));
    // A full block cannot be a tail.
    assert!(is_corrupt(File::flat(12, INLINE, 4096, 0).map(0, 1)));
}

#[test]
fn refuses_data_outside_the_image() {
    // Cut where the image ends: its blocks are 0 to 63.
    let file = File::flat(12, PLAIN, 8192, 63);
    assert_eq!(file.at(0, 8192), (4096, device(63 << 12)));
    assert!(is_corrupt(file.map(4096, 4096)));
    assert!(is_corrupt(File::flat(12, PLAIN, 1, 64).map(0, 1)));
    assert!(is_corrupt(
        File::flat(12, PLAIN | EXTENDED, i64::MAX as u64, 63).map(i64::MAX as u64 - 1, 1)
    ));
}

#[test]
fn refuses_addresses_that_wrap() {
    let mut image = Image::new(12);
    let node = Node {
        format: PLAIN,
        mode: REG,
        nb: 0xffff,
        u: 0xffff_fff0,
        size: 1 << 62,
        ..Node::default()
    };
    image.extended(NID, node);
    let file = File::new(&image);
    assert!(is_corrupt(file.map(0, 1)));
    assert!(is_corrupt(file.map((1 << 62) - 1, u64::MAX)));
}

#[test]
fn chunk_addresses() {
    // 8 KiB chunks: two that join, one that does not, a hole, and the last.
    let file = File::chunks(12, 1, 40_000, &[20, 22, 30, u32::MAX, 40]);
    assert_eq!(file.at(0, 1 << 20), (16_384, device(20 << 12)));
    assert_eq!(file.at(100, 200), (200, device((20 << 12) + 100)));
    assert_eq!(file.at(8192, 8193), (8192, device(22 << 12)));
    assert_eq!(file.at(16_384, 1 << 20), (8192, device(30 << 12)));
    assert_eq!(file.at(24_576, 1 << 20), (8192, HOLE));
    assert_eq!(file.at(25_000, 1 << 20), (7768, HOLE));
    // The last ends with the file's last block, not the chunk.
    assert_eq!(file.at(32_768, 1 << 20), (8192, device(40 << 12)));
    let file = File::chunks(12, 1, 33_000, &[20, 22, 30, u32::MAX, 40]);
    assert_eq!(file.at(32_768, 1 << 20), (4096, device(40 << 12)));
}

#[test]
fn chunk_indexes() {
    // startblk_hi and device_id, then startblk_lo.
    let words = [0, 20, 7 << 16, 21, 0, u32::MAX, 1, 23];
    let file = File::chunks(12, 0x20, 16_384, &words);
    // Without extra devices the device does not count, nor the high half of addresses.
    assert_eq!(file.at(0, 1 << 20), (8192, device(20 << 12)));
    assert_eq!(file.at(8192, 1 << 20), (4096, HOLE));
    assert_eq!(file.at(12_288, 1 << 20), (4096, device(23 << 12)));

    // With 48 bits it does, and only 48 ones are a hole.
    let words = [0xffff, u32::MAX, 0, u32::MAX, 1, 23];
    let file = File::chunks(12, 0x60, 12_288, &words);
    assert_eq!(file.at(0, 1 << 20), (4096, HOLE));
    assert!(is_corrupt(file.map(4096, 1)));
    assert!(is_corrupt(file.map(8192, 1)));
}

#[test]
fn chunk_indexes_are_aligned() {
    let mut image = Image::new(12);
    let node = Node {
        format: CHUNK,
        xattr_icount: 1,
        mode: REG,
        size: 4096,
        u: 0x20,
        ..Node::default()
    };
    image.compact(NID, node);
    // 12 bytes of attributes, then 4 to align.
    let pos = image.node(NID) + 32 + 16;
    image.put(pos + 4, &20u32.to_le_bytes());
    assert_eq!(File::new(&image).at(0, 4096), (4096, device(20 << 12)));
}

#[test]
fn holes_join_up_to_what_is_wanted() {
    let file = File::chunks(12, 0, 20_480, &[u32::MAX, u32::MAX, 20, u32::MAX, u32::MAX]);
    assert_eq!(file.at(0, 1 << 20), (8192, HOLE));
    assert_eq!(file.at(0, 5000), (5000, HOLE));
    // Behind the last chunk nothing follows.
    assert_eq!(file.at(12_288, 1 << 20), (1 << 20, HOLE));
}

#[test]
fn chunks_join_within_a_block_of_entries() {
    let words = [u32::MAX; 2048];
    let file = File::chunks(12, 0, 2048 << 12, &words);
    // The array starts at byte 576 of its block.
    let in_block = (4096 - 576) / 4;
    assert_eq!(file.at(0, u64::MAX), (in_block << 12, HOLE));
    assert_eq!(file.at(in_block << 12, 1 << 22), (1 << 22, HOLE));
}

#[test]
fn refuses_chunks_outside_the_image() {
    let file = File::chunks(12, 1, 24_576, &[63, 64, 65]);
    // The second half of the first chunk is already outside.
    assert_eq!(file.at(0, 1 << 20), (4096, device(63 << 12)));
    assert!(is_corrupt(file.map(4096, 1)));
    assert!(is_corrupt(file.map(8192, 1)));
    // A chunk may be larger than the image as long as the file's data is inside.
    let file = File::chunks(12, 31, 8192, &[20]);
    assert_eq!(file.at(0, 1 << 20), (8192, device(20 << 12)));
    // The array itself may lie outside.
    let mut image = Image::new(12);
    let node = Node {
        format: CHUNK,
        mode: REG,
        size: i64::MAX as u64,
        ..Node::default()
    };
    image.extended(NID, node);
    let file = File::new(&image);
    assert!(is_corrupt(file.map(i64::MAX as u64 - 1, 1)));
}

/// A device's page cache: behind the last block it has as many zeros as anyone wants.
struct Endless(FilePages);

impl Pages for Endless {
    type Page = Box<[u8]>;

    fn page(&self, index: u64) -> Result<Self::Page> {
        let page = self.0.page(index);
        Ok(page.unwrap_or_else(|_| vec![0; 4096].into()))
    }

    fn end(&self) -> u64 {
        self.0.end()
    }
}

#[test]
fn a_table_ends_with_the_image() {
    for (block_bits, offset) in [(9, 0), (12, 0), (12, 4096)] {
        let mut image = Image::new(block_bits);
        let node = Node {
            format: CHUNK,
            mode: REG,
            size: i64::MAX as u64,
            ..Node::default()
        };
        image.extended(NID, node);
        let words = (image.bytes.len() - image.node(NID) - 64) / 4;
        let bytes = [&vec![0; offset], &image.bytes[..]].concat();
        let pages = Shifted::new(Endless(FilePages::new(bytes)), offset as u64);
        let sb = image.superblock().unwrap();
        let inode = Inode::read(&pages, &sb, NID).unwrap();
        let block = sb.block_size();
        // Zeros are block 0, which never joins itself.
        let mut entries = 0;
        let end = loop {
            match map(&pages, &sb, &inode, entries * block, u64::MAX) {
                Ok(extent) => assert_eq!((extent.len, extent.place), (block, device(0))),
                end => break end,
            }
            entries += 1;
        };
        assert!(is_corrupt(end));
        assert_eq!(entries, words as u64);
    }
}

#[test]
fn compressed_files_are_not_supported() {
    let mut image = Image::new(12);
    image.sb32(sb::FEATURE_INCOMPAT, 1);
    let node = Node {
        format: COMPRESSED_FULL,
        mode: REG,
        size: 1,
        ..Node::default()
    };
    image.compact(NID, node);
    let file = File::new(&image);
    assert!(matches!(file.map(0, 1), Err(Error::Unsupported(_))));
    assert_eq!(file.at(1, 5), (5, HOLE));
}

#[test]
fn reads_bytes() {
    let mut image = Image::new(9);
    let node = Node {
        format: INLINE,
        mode: REG,
        size: 515,
        u: 20,
        ..Node::default()
    };
    image.compact(NID, node);
    image.put(image.block(20), &[1; 1024]);
    image.put(image.node(NID) + 32, &[2; 10]);
    let file = File::new(&image);
    let mut bytes = [9; 10];
    data::read(&file.pages, &file.sb, &file.inode, 509, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 1, 1, 2, 2, 2, 0, 0, 0, 0]);

    // What a plain file's last block has behind its end is not the file's.
    let node = Node {
        format: PLAIN,
        ..node
    };
    image.compact(NID, node);
    image.put(image.block(21), &[3; 512]);
    let file = File::new(&image);
    data::read(&file.pages, &file.sb, &file.inode, 509, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 1, 1, 3, 3, 3, 0, 0, 0, 0]);
}
