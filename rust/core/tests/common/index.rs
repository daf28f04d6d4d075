// SPDX-License-Identifier: GPL-2.0

//! Compressed files made by hand: any entry of an index can be given any value.

use super::{
    image::{
        sb,
        Image,
        Node,
        BIT_4,
        REG, //
    },
    pages::{
        crc32c,
        FilePages, //
    },
};
use cofs_core::{
    compressed::{
        Algorithm,
        Cluster,
        Encoded,
        File,
        Finder,
        Reach,
        Source, //
    },
    Inode,
    Place,
    Result,
    SuperBlock, //
};

/// The file's node, and the packed inode's.
pub(crate) const NID: u64 = 16;
pub(crate) const PACKED: u64 = 4;

pub(crate) const BIG_1: u16 = 2;
pub(crate) const BIG_2: u16 = 4;
pub(crate) const INLINE_CLUSTER: u16 = 8;
pub(crate) const INTERLACED: u16 = 0x10;
pub(crate) const FRAGMENT: u16 = 0x20;

/// The types of entries.
pub(crate) const IS_PLAIN: u16 = 0;
pub(crate) const IS_FIRST: u16 = 1;
pub(crate) const IS_NONHEAD: u16 = 2;
pub(crate) const IS_SECOND: u16 = 3;

/// An image with LZ4 and zstd, a packed inode, and a file whose header is at [`header_pos`].
pub(crate) fn image(bits: u8, format: u16, size: u64, header: &[u8], index: &[u8]) -> Image {
    let mut image = Image::new(bits);
    image.sb32(sb::FEATURE_INCOMPAT, 0x23);
    image.sb16(sb::U1, 0x9);
    image.put(1152, &14u16.to_le_bytes());
    image.put(1168, &6u16.to_le_bytes());
    image.sb64(sb::PACKED_NID, PACKED);
    image.extended(
        NID,
        Node {
            format: format | BIT_4,
            mode: REG,
            size,
            ..Node::default()
        },
    );
    let pos = header_pos(&image);
    image.put(pos, header);
    image.put(pos + header.len(), index);
    image
}

pub(crate) fn header_pos(image: &Image) -> usize {
    image.node(NID) + 64
}

/// The header of an index of entries.
pub(crate) fn header(low: u32, advise: u16, algorithms: u8, cluster_bits: u8) -> Vec<u8> {
    let mut header = low.to_le_bytes().to_vec();
    header.extend(advise.to_le_bytes());
    header.extend([algorithms, cluster_bits]);
    header
}

/// The header of a full index, and what is between the two.
pub(crate) fn full_header(low: u32, advise: u16, algorithms: u8, cluster_bits: u8) -> Vec<u8> {
    let mut header = header(low, advise, algorithms, cluster_bits);
    header.extend([0; 8]);
    header
}

/// A full entry where an extent starts.
pub(crate) fn head(advise: u16, offset: u16, block: u32) -> [u8; 8] {
    let mut entry = [0; 8];
    entry[..2].copy_from_slice(&advise.to_le_bytes());
    entry[2..4].copy_from_slice(&offset.to_le_bytes());
    entry[4..].copy_from_slice(&block.to_le_bytes());
    entry
}

/// A full entry where none starts.
pub(crate) fn nonhead(back: u16, ahead: u16) -> [u8; 8] {
    let mut entry = [0; 8];
    entry[..2].copy_from_slice(&IS_NONHEAD.to_le_bytes());
    entry[4..6].copy_from_slice(&back.to_le_bytes());
    entry[6..].copy_from_slice(&ahead.to_le_bytes());
    entry
}

/// The first entry behind the head of a cluster of several blocks.
pub(crate) fn count(blocks: u16, ahead: u16) -> [u8; 8] {
    nonhead(blocks | 0x800, ahead)
}

pub(crate) fn superblock(pages: &FilePages) -> SuperBlock {
    SuperBlock::read_any(pages, crc32c).unwrap()
}

/// Searches the file of an image.
pub(crate) fn find(image: &Image, offset: u64, reach: Reach) -> Result<Cluster> {
    let pages = image.pages();
    let sb = superblock(&pages);
    let inode = Inode::read(&pages, &sb, NID).unwrap();
    let file = File::read(&pages, &sb, &inode)?;
    Finder::new(&pages, &sb, &file).find(offset, reach)
}

/// The same to the end of the extent.
pub(crate) fn whole(image: &Image, offset: u64) -> Result<Cluster> {
    find(image, offset, Reach::Whole)
}

/// An extent on the device.
pub(crate) fn cluster(
    range: std::ops::Range<u64>,
    algorithm: Algorithm,
    pos: u64,
    len: u64,
) -> Cluster {
    Cluster {
        offset: range.start,
        len: range.end - range.start,
        whole: true,
        source: Source::Encoded(Encoded {
            algorithm,
            place: Place::Device { device: 0, pos },
            len,
            shared: false,
        }),
    }
}
