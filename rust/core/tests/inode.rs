// SPDX-License-Identifier: GPL-2.0

//! The checks of inodes.

mod common;

use cofs_core::{
    format::inode::NULL_ADDR,
    Error,
    Inode,
    Kind,
    Layout,
    Result, //
};
use common::image::{
    sb,
    Image,
    Node,
    BIT_4,
    CHUNK,
    COMPRESSED_COMPACT,
    COMPRESSED_FULL,
    DIR,
    EXTENDED,
    INLINE,
    LNK,
    PLAIN,
    REG, //
};

const NID: u64 = 16;

fn compact(node: Node) -> Result<Inode> {
    let mut image = Image::new(12);
    image.compact(NID, node);
    image.inode(NID)
}

fn extended(node: Node) -> Result<Inode> {
    let mut image = Image::new(12);
    image.extended(NID, node);
    image.inode(NID)
}

#[test]
fn reads_a_compact_inode() {
    let inode = compact(Node {
        format: PLAIN,
        mode: REG,
        nb: 3,
        size: 5000,
        u: 17,
        ino: 99,
        uid: 1000,
        gid: 65535,
        mtime: 50,
        ..Node::default()
    })
    .unwrap();
    assert_eq!((inode.nid(), inode.ino()), (NID, NID));
    assert_eq!((inode.mode(), inode.kind()), (REG, Kind::Regular));
    assert_eq!((inode.uid(), inode.gid()), (1000, 65535));
    assert_eq!((inode.nlink(), inode.size(), inode.blocks()), (3, 5000, 16));
    assert_eq!(inode.mtime(), (1_000_050, 7));
    assert_eq!(inode.layout(), Layout::Plain { start: 17 });
    assert_eq!((inode.xattr_size(), inode.rdev()), (0, 0));
    assert_eq!(inode.xattr_pos(), (8 << 12) + NID * 32 + 32);
}

#[test]
fn reads_an_extended_inode() {
    let inode = extended(Node {
        format: INLINE,
        xattr_icount: 3,
        mode: DIR,
        nb: 2,
        size: 1 << 40,
        u: 17,
        uid: 100_000,
        gid: u32::MAX,
        mtime: (-5i64) as u64,
        mtime_nsec: 999_999_999,
        nlink: 100_000,
        ..Node::default()
    })
    .unwrap();
    assert_eq!((inode.uid(), inode.gid()), (100_000, u32::MAX));
    assert_eq!((inode.nlink(), inode.size()), (100_000, 1 << 40));
    assert_eq!(inode.mtime(), (-5, 999_999_999));
    assert_eq!(inode.xattr_size(), 20);
    let pos = (8 << 12) + NID * 32 + 64;
    assert_eq!(inode.xattr_pos(), pos);
    assert_eq!(
        inode.layout(),
        Layout::Inline {
            start: 17 | (2 << 32),
            tail_pos: pos + 20
        }
    );
}

#[test]
fn an_extended_inode_may_cross_blocks() {
    for bits in 9..=12 {
        let mut image = Image::new(bits);
        let nid = (1 << (bits - 5)) - 1;
        image.extended(
            nid,
            Node {
                mode: REG,
                size: 77,
                nlink: 4242,
                ..Node::default()
            },
        );
        let inode = image.inode(nid).unwrap();
        assert_eq!((inode.size(), inode.nlink()), (77, 4242));
    }
}

#[test]
fn one_link_leaves_room_for_an_address() {
    let node = Node {
        format: PLAIN | BIT_4,
        mode: REG,
        nb: 5,
        u: 1,
        size: 1,
        ..Node::default()
    };
    let inode = compact(node).unwrap();
    assert_eq!(inode.nlink(), 1);
    assert_eq!(
        inode.layout(),
        Layout::Plain {
            start: (5 << 32) | 1
        }
    );
    // On a directory the bit means something else.
    let inode = compact(Node { mode: DIR, ..node }).unwrap();
    assert_eq!(inode.nlink(), 5);
    assert!(inode.dot_omitted());
    assert_eq!(inode.layout(), Layout::Plain { start: 1 });
}

#[test]
fn all_ones_are_no_address() {
    let node = Node {
        mode: REG,
        size: 9,
        u: u32::MAX,
        nb: 0xffff,
        ..Node::default()
    };
    let start = |result: Result<Inode>| match result.unwrap().layout() {
        Layout::Plain { start } => start,
        layout => panic!("{layout:?}"),
    };
    assert_eq!(start(compact(node)), NULL_ADDR);
    assert_eq!(start(extended(node)), NULL_ADDR);
    let one_link = Node {
        format: BIT_4,
        ..node
    };
    assert_eq!(start(compact(one_link)), NULL_ADDR);
    // 32 bits of ones are an address where addresses have 48.
    assert_eq!(start(compact(Node { nb: 0, ..one_link })), 0xffff_ffff);
    assert_eq!(start(extended(Node { nb: 0, ..node })), 0xffff_ffff);
}

#[test]
fn refuses_unknown_formats() {
    for bit in 5..16 {
        let error = compact(Node {
            format: 1 << bit,
            mode: REG,
            ..Node::default()
        })
        .unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)));
    }
    for layout in 5..8 {
        let error = compact(Node {
            format: layout << 1,
            mode: REG,
            ..Node::default()
        })
        .unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)));
    }
}

#[test]
fn refuses_a_negative_size() {
    let node = Node {
        mode: REG,
        size: i64::MAX as u64,
        ..Node::default()
    };
    let inode = extended(node).unwrap();
    assert_eq!(inode.blocks(), 1 << 54);
    let error = extended(Node {
        size: 1 << 63,
        ..node
    });
    assert!(matches!(error, Err(Error::Corrupt(_))));
}

#[test]
fn knows_each_kind() {
    let kinds = [
        (0o010_644, Kind::Fifo),
        (0o020_644, Kind::CharDevice),
        (0o040_644, Kind::Directory),
        (0o060_644, Kind::BlockDevice),
        (0o100_644, Kind::Regular),
        (0o120_644, Kind::Symlink),
        (0o140_644, Kind::Socket),
    ];
    for mode in (0..16u16).map(|kind| (kind << 12) | 0o644) {
        let inode = compact(Node {
            mode,
            u: 0x0103,
            ..Node::default()
        });
        match kinds.iter().find(|known| known.0 == mode) {
            Some(&(_, kind)) => {
                let inode = inode.unwrap();
                assert_eq!(inode.kind(), kind);
                let device = matches!(kind, Kind::CharDevice | Kind::BlockDevice);
                assert_eq!(inode.rdev(), if device { 0x0103 } else { 0 });
            }
            None => assert!(matches!(inode, Err(Error::Corrupt(_))), "{mode:o}"),
        }
    }
}

#[test]
fn compressed_inodes_want_a_compressed_image() {
    for format in [COMPRESSED_FULL, COMPRESSED_COMPACT] {
        let node = Node {
            format: format | BIT_4,
            mode: REG,
            size: 10_000,
            nb: 1,
            u: 3,
            ..Node::default()
        };
        assert!(matches!(compact(node), Err(Error::Corrupt(_))));
        let mut image = Image::new(12);
        image.sb32(sb::FEATURE_INCOMPAT, 1);
        image.compact(NID, node);
        let inode = image.inode(NID).unwrap();
        let expected = Layout::Compressed {
            compact: format == COMPRESSED_COMPACT,
            header_pos: (8 << 12) + 32 * (NID + 1),
        };
        assert_eq!(inode.layout(), expected);
        assert_eq!(inode.blocks(), ((1 << 32) | 3) * 8);
    }
}

#[test]
fn checks_the_chunk_format() {
    let node = |u: u32| Node {
        format: CHUNK,
        xattr_icount: 1,
        mode: REG,
        size: 1,
        u,
        ..Node::default()
    };
    let pos = (8 << 12) + NID * 32 + 32 + 12;
    let layout = |u| compact(node(u)).unwrap().layout();
    let chunk = |bits, indexes, wide, start_pos| Layout::Chunk {
        bits,
        indexes,
        wide,
        start_pos,
    };
    assert_eq!(layout(0), chunk(12, false, false, pos));
    assert_eq!(layout(31), chunk(43, false, false, pos));
    // Indexes are aligned to their size.
    assert_eq!(layout(0x20), chunk(12, true, false, pos + 4));
    assert_eq!(layout(0x65), chunk(17, true, true, pos + 4));
    // The other half of i_u is reserved.
    assert_eq!(layout(0xffff_0000), chunk(12, false, false, pos));
    for bit in 7..16 {
        let inode = compact(node(1 << bit));
        assert!(matches!(inode, Err(Error::Unsupported(_))));
    }
}

#[test]
fn refuses_nodes_where_there_are_none() {
    let image = Image::new(12);
    assert_eq!(image.inode(1 << 40).unwrap_err(), Error::IO);
    for nid in [1 << 63, u64::MAX, 1 << 62] {
        assert!(matches!(image.inode(nid), Err(Error::Corrupt(_))));
    }
}

/// A symlink with its target behind it, at a node number and with attributes.
fn symlink(nid: u64, icount: u16, target: &[u8], size: u64) -> Result<Inode> {
    let mut image = Image::new(12);
    let node = Node {
        format: INLINE,
        xattr_icount: icount,
        mode: LNK,
        nb: 1,
        size,
        u: 20,
        ..Node::default()
    };
    image.compact(nid, node);
    let xattr_size = match icount {
        0 => 0,
        count => 12 + (count - 1) * 4,
    };
    let pos = image.node(nid) + 32 + usize::from(xattr_size);
    image.put(pos, target);
    image.inode(nid)
}

#[test]
fn finds_a_fast_symlink() {
    let inode = symlink(NID, 0, b"target", 6).unwrap();
    assert_eq!(inode.fast_link(), Some((8 << 12) + NID * 32 + 32));
    let inode = symlink(NID, 3, b"target", 6).unwrap();
    assert_eq!(inode.fast_link(), Some((8 << 12) + NID * 32 + 32 + 20));
    // A target that ends where the block ends.
    let nid = 126;
    let target = [b'x'; 32];
    assert!(symlink(nid, 0, &target, 32).unwrap().fast_link().is_some());
}

#[test]
fn refuses_a_bad_fast_symlink() {
    for (target, size) in [(&b"tar\0et"[..], 6), (b"target", 7), (b"target", 0)] {
        let inode = symlink(NID, 0, target, size);
        assert!(matches!(inode, Err(Error::Corrupt(_))), "{size}");
    }
}

#[test]
fn other_symlinks_are_read_like_files() {
    // Across the end of the block, with a size that overflows nothing, and plain.
    assert_eq!(symlink(126, 0, b"x", 33).unwrap().fast_link(), None);
    assert_eq!(symlink(127, 3, b"x", 1).unwrap().fast_link(), None);
    assert_eq!(symlink(NID, 0, b"x", 5000).unwrap().fast_link(), None);
    let node = Node {
        format: PLAIN,
        mode: LNK,
        size: 5,
        u: 20,
        ..Node::default()
    };
    assert_eq!(compact(node).unwrap().fast_link(), None);
    let node = Node {
        format: INLINE | EXTENDED,
        size: i64::MAX as u64,
        ..node
    };
    assert_eq!(extended(node).unwrap().fast_link(), None);
}
