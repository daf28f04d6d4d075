// SPDX-License-Identifier: GPL-2.0

//! Mounting: the superblock, the table of long prefixes, the root.

#![no_main]

use cofs_core::{
    Inode,
    Kind, //
};
use cofs_fuzz::{
    Bytes,
    Mounted, //
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let bytes = Bytes::new(input);
    let image = bytes.image();
    let Ok(mounted) = Mounted::new(&image) else {
        return;
    };
    let sb = &mounted.sb;
    assert!((9..=12).contains(&sb.block_bits()));
    assert_eq!(sb.block_size(), 1 << sb.block_bits());
    assert!(sb.volume_name().len() <= 16);
    assert!(sb.ishare_prefix() < Some(sb.xattr_prefix_count()) || sb.ishare_prefix().is_none());
    if let Ok(root) = image.within(4, |image| Inode::root(image, sb)) {
        assert_eq!(root.kind(), Kind::Directory);
    }
    if sb.packed_nid() != 0 {
        let _ = mounted.inode(&image, sb.packed_nid());
    }
});
