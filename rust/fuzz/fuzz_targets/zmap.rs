// SPDX-License-Identifier: GPL-2.0

//! The clusters of every compressed inode: each has the byte it was found for, lies in the image,
//! is no larger than it may be, and is the same from wherever it is asked.

#![no_main]

use cofs_core::{
    compressed::{
        Cluster,
        Encoded,
        File,
        Finder,
        Reach,
        Source,
        MAX_DECODED,
        MAX_ENCODED, //
    },
    pages::PAGE_SIZE,
    Inode,
    Layout,
    Place,
    SuperBlock, //
};
use cofs_fuzz::{
    Bytes,
    Image,
    Mounted, //
};
use libfuzzer_sys::fuzz_target;

/// As many clusters of an image are looked at: many inodes may claim the same entries.
const MOST_CLUSTERS: usize = 1000;

/// To the head and from there to the end, each page of the index is read once; besides there are
/// the header, the entry behind the head, and what a search tries.
fn limit(image: &Image<'_>) -> u64 {
    2 * (image.size() / PAGE_SIZE) + 64
}

fn check_encoded(sb: &SuperBlock, cluster: &Cluster, encoded: &Encoded) {
    assert!((1..=MAX_ENCODED).contains(&encoded.len));
    assert!(cluster.len <= MAX_DECODED);
    assert!(!encoded.algorithm.is_plain() || cluster.len <= encoded.len);
    match encoded.place {
        Place::Hole => panic!("a hole is no place"),
        Place::Device { device, pos } => {
            assert_eq!(device, 0);
            let end = pos.checked_add(encoded.len).unwrap();
            assert!(sb.needs_devices() || end <= sb.blocks() << sb.block_bits());
        }
        Place::Meta { pos } => {
            let last = pos + encoded.len - 1;
            assert_eq!(pos >> sb.block_bits(), last >> sb.block_bits());
        }
    }
}

fn ask(
    image: &Image<'_>,
    sb: &SuperBlock,
    inode: &Inode,
    file: &File,
    offset: u64,
    reach: Reach,
) -> Option<Cluster> {
    let cluster = image
        .within(limit(image), |image| {
            Finder::new(image, sb, file).find(offset, reach)
        })
        .ok()?;
    assert!(cluster.offset <= offset && offset < cluster.end());
    assert!(cluster.end() <= inode.size());
    match cluster.source {
        Source::Hole => (),
        Source::Fragment { pos } => {
            assert!(i64::try_from(pos.checked_add(cluster.len).unwrap()).is_ok());
            assert!(sb.fragments_nid().is_some_and(|nid| nid != inode.nid()));
        }
        Source::Encoded(encoded) => {
            assert!(cluster.whole || reach == Reach::Near);
            check_encoded(sb, &cluster, &encoded);
        }
    }
    Some(cluster)
}

/// Asked near by, the answer is a part of the same.
fn near(image: &Image<'_>, sb: &SuperBlock, inode: &Inode, file: &File, whole: &Cluster, at: u64) {
    let Some(near) = ask(image, sb, inode, file, at, Reach::Near) else {
        // An index that contradicts itself may do so for one of the two only.
        return;
    };
    if near.offset == whole.offset {
        assert_eq!(near.source, whole.source);
        assert!(!near.whole || near.len == whole.len || !whole.whole);
    }
}

fuzz_target!(|input: &[u8]| {
    let input_bytes = Bytes::new(input);
    let image = input_bytes.image();
    let Ok(mounted) = Mounted::new(&image) else {
        return;
    };
    let sb = &mounted.sb;
    let mut room = MOST_CLUSTERS;
    for inode in mounted.inodes(&image) {
        if !matches!(inode.layout(), Layout::Compressed { .. }) {
            continue;
        }
        let file = image.within(limit(&image), |image| File::read(image, sb, &inode));
        let Ok(file) = file else {
            continue;
        };
        let mut offset = 0;
        let mut ascending = Finder::new(&image, sb, &file);
        let mut descending = Finder::new(&image, sb, &file);
        while offset < inode.size() && room != 0 {
            room -= 1;
            let found = ask(&image, sb, &inode, &file, offset, Reach::Whole);
            // One that is asked for all of them answers as a new one does.
            assert_eq!(ascending.find(offset, Reach::Whole).ok(), found);
            let Some(cluster) = found else {
                offset += sb.block_size();
                continue;
            };
            near(&image, sb, &inode, &file, &cluster, offset);
            let before = inode.size().saturating_sub(offset).saturating_sub(1);
            assert_eq!(
                descending.find(before, Reach::Near).ok(),
                ask(&image, sb, &inode, &file, before, Reach::Near)
            );
            offset = cluster.end();
        }
        if let Some(last) = inode.size().checked_sub(1) {
            ask(&image, sb, &inode, &file, last, Reach::Whole);
        }
    }
});
