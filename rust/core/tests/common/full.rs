// SPDX-License-Identifier: GPL-2.0

//! Images made by hand that have something of everything.

use super::image::{
    dir_block,
    sb,
    xattr_entry,
    xattr_ibody,
    Image,
    Node,
    CHUNK,
    DIR,
    INLINE,
    LNK,
    PLAIN,
    REG,
    ROOT, //
};

/// An image that has something of everything.
pub(crate) fn full(block_bits: u8) -> Image {
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
            mode: DIR,
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

/// The same with two extra devices: all that the files have outside the metadata is there.
pub(crate) fn with_devices(block_bits: u8) -> Image {
    let mut image = full(block_bits);
    image.devices(50, &[(b"one", 30, 64), (b"two", 20, 94)]);
    // The chunks are on the second and on the first device, and there is a hole.
    let pos = image.node(26) + 64;
    image.put(
        pos,
        &[0, 0, 2, 0, 5, 0, 0, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0xff, 0xff],
    );
    // The plain file starts a block before the border between the two.
    let pos = image.node(38) + 16;
    image.put(pos, &93u32.to_le_bytes());
    image
}
