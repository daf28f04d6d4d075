// SPDX-License-Identifier: GPL-2.0

//! Extended attributes: inline, shared, with long prefixes, filtered, and broken.

mod common;

use cofs_core::{
    pages::PACKED_PAGE,
    xattr::{
        get,
        get_long,
        list,
        LongPrefixes, //
    },
    Error,
    Inode,
    Pages,
    Result,
    SuperBlock, //
};
use common::{
    image::{
        sb,
        xattr_entry,
        xattr_ibody,
        Image,
        Node,
        COMPRESSED_FULL,
        INLINE,
        PLAIN,
        REG, //
    },
    pages::FilePages, //
};

const NID: u64 = 16;
/// Where shared attributes and long prefixes lie.
const SHARED_BLOCK: u32 = 30;
const PREFIX_BLOCK: u32 = 40;

const USER: u8 = 1;
const TRUSTED: u8 = 4;

/// An image with one file that has attributes.
struct File {
    pages: FilePages,
    sb: SuperBlock,
    inode: Inode,
    prefixes: LongPrefixes,
}

impl File {
    fn new(image: &Image) -> Result<Self> {
        let pages = image.pages();
        let sb = image.superblock()?;
        Ok(Self {
            inode: Inode::read(&pages, &sb, NID)?,
            prefixes: LongPrefixes::load(&pages, &sb)?,
            pages,
            sb,
        })
    }

    fn size(&self, index: u8, name: &[u8]) -> Result<usize> {
        self.get_into(index, name, &mut [])
    }

    fn get_into(&self, index: u8, name: &[u8], out: &mut [u8]) -> Result<usize> {
        get(
            &self.pages,
            &self.sb,
            &self.inode,
            &self.prefixes,
            index,
            name,
            out,
        )
    }

    fn get(&self, index: u8, name: &[u8]) -> Result<Vec<u8>> {
        let mut value = vec![0; 65536];
        let size = self.get_into(index, name, &mut value)?;
        assert_eq!(self.size(index, name), Ok(size));
        value.truncate(size);
        Ok(value)
    }

    fn get_long(&self, id: u8) -> Result<Vec<u8>> {
        let mut value = vec![0; 65536];
        let size = get_long(
            &self.pages,
            &self.sb,
            &self.inode,
            &self.prefixes,
            id,
            &mut value,
        )?;
        value.truncate(size);
        Ok(value)
    }

    fn list(&self) -> Result<Vec<(u8, Vec<u8>)>> {
        let mut names = Vec::new();
        list(&self.pages, &self.sb, &self.inode, &self.prefixes, |name| {
            names.push((name.index, [name.infix, name.suffix].concat()));
            Ok(())
        })?;
        Ok(names)
    }
}

/// Puts a file into the image, with this attribute area.
fn with_area(image: &mut Image, nid: u64, (area, icount): (Vec<u8>, u16)) {
    image.compact(
        nid,
        Node {
            format: PLAIN,
            xattr_icount: icount,
            mode: REG,
            nb: 1,
            ..Node::default()
        },
    );
    let pos = image.node(nid) + 32;
    image.put(pos, &area);
}

/// A file with inline attributes only.
fn inline(entries: &[Vec<u8>]) -> File {
    let mut image = Image::new(12);
    with_area(&mut image, NID, xattr_ibody(0, &[], entries));
    File::new(&image).unwrap()
}

/// An image with a table of long prefixes: pairs of a short prefix's index and an infix.
fn with_prefixes(prefixes: &[(u8, &[u8])]) -> Image {
    let mut image = Image::new(12);
    image.sb8(sb::XATTR_PREFIX_COUNT, prefixes.len() as u8);
    image.sb32(sb::XATTR_PREFIX_START, PREFIX_BLOCK << 10);
    let pos = image.block(PREFIX_BLOCK);
    image.put(pos, &table(prefixes));
    image
}

fn table(prefixes: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (base, infix) in prefixes {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend((infix.len() as u16 + 1).to_le_bytes());
        bytes.push(*base);
        bytes.extend_from_slice(infix);
    }
    bytes
}

#[test]
fn gets_inline_attributes() {
    let file = inline(&[
        xattr_entry(USER, b"a", b"one"),
        xattr_entry(USER, b"empty", b""),
        xattr_entry(TRUSTED, b"a", b"three"),
        xattr_entry(2, b"", b"acl"),
    ]);
    assert_eq!(file.get(USER, b"a").unwrap(), b"one");
    assert_eq!(file.get(USER, b"empty").unwrap(), b"");
    assert_eq!(file.get(TRUSTED, b"a").unwrap(), b"three");
    assert_eq!(file.get(2, b"").unwrap(), b"acl");
    for (index, name) in [(USER, &b"b"[..]), (USER, b""), (USER, b"aa"), (6, b"a")] {
        assert_eq!(file.get(index, name), Err(Error::NoData));
    }
    let names = [
        (USER, &b"a"[..]),
        (USER, b"empty"),
        (TRUSTED, b"a"),
        (2, b""),
    ];
    let names: Vec<_> = names.map(|(index, name)| (index, name.to_vec())).into();
    assert_eq!(file.list(), Ok(names));
}

#[test]
fn a_small_buffer_is_refused() {
    let file = inline(&[xattr_entry(USER, b"a", b"12345")]);
    assert_eq!(file.size(USER, b"a"), Ok(5));
    assert_eq!(file.get_into(USER, b"a", &mut [0; 5]), Ok(5));
    assert_eq!(file.get_into(USER, b"a", &mut [0; 4]), Err(Error::Range));
}

#[test]
fn names_are_bounded() {
    let file = inline(&[xattr_entry(USER, &[b'n'; 255], b"v")]);
    assert_eq!(file.get(USER, &[b'n'; 255]).unwrap(), b"v");
    assert_eq!(file.get(USER, &[b'n'; 256]), Err(Error::Range));
}

#[test]
fn an_inode_without_attributes() {
    let mut image = Image::new(12);
    with_area(&mut image, NID, (vec![], 0));
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(USER, b"a"), Err(Error::NoData));
    assert_eq!(file.get_long(0), Err(Error::NoData));
    assert_eq!(file.list(), Ok(vec![]));
    assert!(file.inode.no_acl());
}

#[test]
fn attributes_cross_pages() {
    for bits in 9..=12 {
        let mut image = Image::new(bits);
        let value: Vec<u8> = (0..3 << bits).map(|byte| byte as u8).collect();
        let nid = 2 * (1 << (bits - 5)) - 2;
        let entries = [
            xattr_entry(USER, &[b'f'; 200], &[7; 3]),
            xattr_entry(USER, b"large", &value),
            xattr_entry(USER, b"last", b"z"),
        ];
        with_area(&mut image, NID, (vec![], 0));
        with_area(&mut image, nid, xattr_ibody(0, &[], &entries));
        let mut file = File::new(&image).unwrap();
        file.inode = Inode::read(&file.pages, &file.sb, nid).unwrap();
        assert_eq!(file.get(USER, b"large").unwrap(), value);
        assert_eq!(file.get(USER, &[b'f'; 200]).unwrap(), [7; 3]);
        assert_eq!(file.get(USER, b"last").unwrap(), b"z");
        assert_eq!(file.list().unwrap().len(), 3);
    }
}

#[test]
fn gets_shared_attributes() {
    let mut image = Image::new(12);
    image.sb32(sb::XATTR_BLKADDR, SHARED_BLOCK);
    let pos = image.block(SHARED_BLOCK);
    image.put(pos + 8, &xattr_entry(USER, b"x", b"shared"));
    image.put(pos + 5000, &xattr_entry(TRUSTED, b"y", b"far"));
    let own = [xattr_entry(USER, b"own", b"1")];
    with_area(&mut image, NID, xattr_ibody(0, &[2, 1250], &own));
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(USER, b"x").unwrap(), b"shared");
    assert_eq!(file.get(TRUSTED, b"y").unwrap(), b"far");
    assert_eq!(file.get(USER, b"own").unwrap(), b"1");
    assert_eq!(file.get(USER, b"y"), Err(Error::NoData));
    assert_eq!(file.list().unwrap().len(), 3);

    // Shared ones alone.
    with_area(&mut image, NID, xattr_ibody(0, &[2], &[]));
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(USER, b"x").unwrap(), b"shared");
    assert_eq!(file.list().unwrap().len(), 1);

    // Outside the image.
    with_area(&mut image, NID, xattr_ibody(0, &[u32::MAX], &own));
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(USER, b"own").unwrap(), b"1");
    assert_eq!(file.get(USER, b"x"), Err(Error::IO));
    assert_eq!(file.list(), Err(Error::IO));
}

#[test]
fn refuses_shared_attributes_in_a_metabox() {
    let mut image = Image::new(12);
    image.sb32(sb::FEATURE_COMPAT, 0x8);
    let own = [xattr_entry(USER, b"own", b"1")];
    with_area(&mut image, NID, xattr_ibody(0, &[], &own));
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(USER, b"own").unwrap(), b"1");
    assert!(matches!(file.get(USER, b"x"), Err(Error::Corrupt(_))));
    assert!(matches!(file.list(), Err(Error::Corrupt(_))));
}

#[test]
fn refuses_an_area_that_is_just_a_header() {
    let mut image = Image::new(12);
    with_area(&mut image, NID, (vec![0; 12], 1));
    let file = File::new(&image).unwrap();
    assert!(matches!(file.get(USER, b"x"), Err(Error::Unsupported(_))));
    assert!(matches!(file.list(), Err(Error::Unsupported(_))));
}

#[test]
fn refuses_a_bad_shared_count() {
    let mut image = Image::new(12);
    let (mut area, icount) = xattr_ibody(0, &[0, 0], &[]);
    area[4] = 3;
    with_area(&mut image, NID, (area, icount));
    let file = File::new(&image).unwrap();
    assert!(matches!(file.get(USER, b"x"), Err(Error::Corrupt(_))));
    assert!(matches!(file.list(), Err(Error::Corrupt(_))));
}

#[test]
fn refuses_an_entry_that_leaves_its_area() {
    let mut image = Image::new(12);
    let entries = [xattr_entry(USER, b"a", b"1"), xattr_entry(USER, b"b", b"2")];
    let (mut area, icount) = xattr_ibody(0, &[], &entries);
    area[20 + 2] = 4;
    with_area(&mut image, NID, (area, icount));
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(USER, b"a").unwrap(), b"1");
    assert!(matches!(file.get(USER, b"b"), Err(Error::Corrupt(_))));
    assert!(matches!(file.list(), Err(Error::Corrupt(_))));
}

#[test]
fn the_filter_hides_names() {
    let acl_bits = (1 << 30) | (1 << 21);
    let entries = [xattr_entry(2, b"", b"acl"), xattr_entry(USER, b"b", b"1")];
    let mut image = Image::new(12);
    with_area(&mut image, NID, xattr_ibody(acl_bits, &[], &entries));

    // Without the feature its field means nothing.
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(2, b"").unwrap(), b"acl");
    assert!(!file.inode.no_acl());

    image.sb32(sb::FEATURE_COMPAT, 0x4);
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(2, b""), Err(Error::NoData));
    assert_eq!(file.get(USER, b"b").unwrap(), b"1");
    assert!(file.inode.no_acl());

    // Nor if it is of a kind to come.
    image.sb8(sb::XATTR_FILTER_RESERVED, 1);
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(2, b"").unwrap(), b"acl");
    assert!(!file.inode.no_acl());

    // One bit is not enough.
    image.sb8(sb::XATTR_FILTER_RESERVED, 0);
    with_area(&mut image, NID, xattr_ibody(1 << 21, &[], &entries));
    assert!(!File::new(&image).unwrap().inode.no_acl());
}

#[test]
fn long_prefixes() {
    let mut image = with_prefixes(&[(USER, b"abc."), (TRUSTED, b"overlay."), (USER, b"")]);
    let entries = [
        xattr_entry(0x80, b"x", b"0"),
        xattr_entry(0x81, b"opaque", b"y"),
        xattr_entry(0x82, b"plain", b"2"),
        xattr_entry(0x83, b"beyond", b"3"),
    ];
    with_area(&mut image, NID, xattr_ibody(0, &[], &entries));
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(USER, b"abc.x").unwrap(), b"0");
    assert_eq!(file.get(TRUSTED, b"overlay.opaque").unwrap(), b"y");
    assert_eq!(file.get(USER, b"plain").unwrap(), b"2");
    for name in [&b"abc.y"[..], b"abd.x", b"x", b"abc.", b"beyond"] {
        assert_eq!(file.get(USER, name), Err(Error::NoData));
    }
    let names = file.list().unwrap();
    assert_eq!(names.len(), 3);
    assert_eq!(names[1], (TRUSTED, b"overlay.opaque".to_vec()));
}

#[test]
fn a_table_may_be_full() {
    let infix = [b'i'; 255];
    let mut image = with_prefixes(&[(USER, &infix[..]); 255]);
    with_area(
        &mut image,
        NID,
        xattr_ibody(0, &[], &[xattr_entry(0xff, b"", b"v")]),
    );
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(USER, &infix).unwrap(), b"v");
    assert_eq!(file.get_long(254).unwrap(), b"v");
    assert_eq!(file.get_long(255), Err(Error::NoData));
}

#[test]
fn refuses_bad_prefix_tables() {
    let load = |image: &Image| LongPrefixes::load(&image.pages(), &image.superblock()?);
    // The length counts the index: 0 stands for 65536, and 256 is the longest.
    for (len, good) in [(0u16, false), (1, true), (256, true), (257, false)] {
        let mut image = with_prefixes(&[(USER, b"infix")]);
        let pos = image.block(PREFIX_BLOCK);
        image.put(pos, &len.to_le_bytes());
        match load(&image) {
            Ok(_) => assert!(good, "{len}"),
            Err(error) => assert!(!good && matches!(error, Error::Corrupt(_)), "{len}"),
        }
    }
    let mut image = with_prefixes(&[(USER, b"infix")]);
    image.sb32(sb::XATTR_PREFIX_START, u32::MAX);
    assert_eq!(load(&image).unwrap_err(), Error::IO);
}

#[test]
fn a_table_without_a_packed_inode() {
    let entry = xattr_entry(0x80, b"x", b"1");
    // Fragments need no packed inode, and a packed inode means nothing without fragments.
    for (incompat, packed_nid) in [(0x60, 0), (0x40, 100)] {
        let mut image = with_prefixes(&[(USER, b"one.")]);
        image.sb32(sb::FEATURE_INCOMPAT, incompat);
        image.sb64(sb::PACKED_NID, packed_nid);
        with_area(&mut image, NID, xattr_ibody(0, &[], &[entry.clone()]));
        let file = File::new(&image).unwrap();
        assert_eq!(file.get(USER, b"one.x").unwrap(), b"1");
    }
}

/// An image and what its packed inode decodes to.
struct Decoded<'a>(&'a FilePages, &'a FilePages);

impl Pages for Decoded<'_> {
    type Page = Box<[u8]>;

    fn page(&self, index: u64) -> Result<Self::Page> {
        match index & PACKED_PAGE {
            0 => self.0.page(index),
            _ => self.1.page(index & !PACKED_PAGE),
        }
    }

    fn end(&self) -> u64 {
        self.0.end()
    }
}

#[test]
fn a_table_in_the_packed_inode() {
    const PACKED: u64 = 100;
    let prefixes: &[(u8, &[u8])] = &[(USER, b"one."), (TRUSTED, b"erofs.fingerprint.v1")];
    let bytes = table(prefixes);
    let mut image = Image::new(12);
    image.sb8(sb::XATTR_PREFIX_COUNT, 2);
    image.sb32(sb::XATTR_PREFIX_START, 1);
    image.sb32(sb::FEATURE_INCOMPAT, 0x60);
    image.sb64(sb::PACKED_NID, PACKED);
    let packed = Node {
        format: INLINE,
        mode: REG,
        size: 4 + bytes.len() as u64,
        ..Node::default()
    };
    image.compact(PACKED, packed);
    let pos = image.node(PACKED) + 32 + 4;
    image.put(pos, &bytes);
    let entry = xattr_entry(0x81, b"", b"sha256:x");
    with_area(&mut image, NID, xattr_ibody(0, &[], &[entry]));
    let file = File::new(&image).unwrap();
    assert_eq!(file.get_long(1).unwrap(), b"sha256:x");
    assert_eq!(file.list().unwrap()[0].1, b"erofs.fingerprint.v1");

    // A cut table has zeros, which are no length.
    image.compact(PACKED, Node { size: 4, ..packed });
    assert!(matches!(File::new(&image).err(), Some(Error::Corrupt(_))));

    // A packed inode that is compressed leaves names without long prefixes in reach.
    image.sb32(sb::FEATURE_INCOMPAT, 0x61);
    let compressed = Node {
        format: COMPRESSED_FULL,
        ..packed
    };
    image.compact(PACKED, compressed);
    let file = File::new(&image).unwrap();
    assert!(matches!(file.get_long(1), Err(Error::Unsupported(_))));
    // Unless there are its pages.
    let packed = [&[0; 4], &bytes[..]].concat();
    let pages = (image.pages(), FilePages::new(packed));
    let decoded = Decoded(&pages.0, &pages.1);
    let prefixes = LongPrefixes::load_decoded(&decoded, &file.sb).unwrap();
    let mut value = [0; 8];
    let len = get_long(&decoded, &file.sb, &file.inode, &prefixes, 1, &mut value);
    assert_eq!((len, &value), (Ok(8), b"sha256:x"));
    let plain = [xattr_entry(USER, b"a", b"1")];
    with_area(&mut image, NID, xattr_ibody(0, &[], &plain));
    let file = File::new(&image).unwrap();
    assert_eq!(file.get(USER, b"a").unwrap(), b"1");

    // The feature that puts the table elsewhere wins.
    image.sb32(sb::FEATURE_COMPAT, 0x10);
    image.sb32(sb::XATTR_PREFIX_START, PREFIX_BLOCK << 10);
    let pos = image.block(PREFIX_BLOCK);
    image.put(pos, &bytes);
    let entry = xattr_entry(0x80, b"x", b"2");
    with_area(&mut image, NID, xattr_ibody(0, &[], &[entry]));
    assert_eq!(
        File::new(&image).unwrap().get(USER, b"one.x").unwrap(),
        b"2"
    );
}

#[test]
fn gets_the_fingerprint() {
    let mut image = with_prefixes(&[(USER, b"u."), (TRUSTED, b"fp")]);
    image.sb32(sb::FEATURE_COMPAT, 0x20);
    image.sb8(sb::ISHARE_XATTR_PREFIX_ID, 1);
    // By its number, and spelled out: both are the same name.
    for entry in [
        xattr_entry(0x81, b"", b"f"),
        xattr_entry(TRUSTED, b"fp", b"f"),
    ] {
        with_area(&mut image, NID, xattr_ibody(0, &[], &[entry]));
        let file = File::new(&image).unwrap();
        let id = file.sb.ishare_prefix().unwrap();
        assert_eq!(file.get_long(id).unwrap(), b"f");
        assert_eq!(file.get_long(0), Err(Error::NoData));
    }
    // A longer name is another attribute.
    let entry = xattr_entry(0x81, b"x", b"f");
    with_area(&mut image, NID, xattr_ibody(0, &[], &[entry]));
    assert_eq!(File::new(&image).unwrap().get_long(1), Err(Error::NoData));
}

#[test]
fn listing_stops_when_told() {
    let file = inline(&[xattr_entry(USER, b"a", b""), xattr_entry(USER, b"b", b"")]);
    let mut calls = 0;
    let result = list(&file.pages, &file.sb, &file.inode, &file.prefixes, |_| {
        calls += 1;
        Err(Error::Range)
    });
    assert_eq!((result, calls), (Err(Error::Range), 1));
}
