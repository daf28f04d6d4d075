// SPDX-License-Identifier: GPL-2.0

//! The extended attributes of every inode: all names, and each by its name.

#![no_main]

use cofs_core::{
    format::xattr::{
        INDEX_POSIX_ACL_ACCESS,
        INDEX_POSIX_ACL_DEFAULT, //
    },
    xattr::{
        self,
        NAME_LEN, //
    },
    Error,
    Inode, //
};
use cofs_fuzz::{
    Bytes,
    Image,
    Mounted, //
};
use libfuzzer_sys::fuzz_target;

/// As many names of an inode are asked for.
const MOST_NAMES: usize = 16;

fn attributes(image: &Image<'_>, mounted: &Mounted, inode: &Inode, value: &mut [u8]) {
    let Mounted { sb, prefixes, .. } = mounted;
    // Each entry takes 4 bytes of the area, or is one of 255 that are shared; each may name a
    // prefix, and lie far from the one before.
    let area = inode.xattr_size().min(image.size());
    let limit = (area / 4 + 2 * 255) * 8 + 16;

    let mut names = Vec::new();
    let listed = image.within(limit, |image| {
        xattr::list(image, sb, inode, prefixes, |name| {
            names.push((name.index, [name.infix, name.suffix].concat()));
            Ok(())
        })
    });
    assert!(names.len() as u64 <= area / 4 + 255);

    let filter = sb.shared_xattr_filter();
    for (index, name) in names.iter().take(MOST_NAMES) {
        let get = |out: &mut [u8]| {
            image.within(limit + 20, |image| {
                xattr::get(image, sb, inode, prefixes, *index, name, out)
            })
        };
        let size = get(&mut []);
        let whole = get(value);
        match size {
            Ok(size) => {
                assert!(size < value.len());
                assert!(whole == Ok(size) || whole == Err(Error::IO));
                if size > 1 {
                    assert_eq!(get(&mut [0]), Err(Error::Range));
                }
            }
            Err(Error::NoData) => assert!(filter),
            Err(Error::Range) => assert!(name.len() > NAME_LEN),
            Err(error) => panic!("{error:?} for a name that is listed"),
        }
    }
    if listed.is_ok() {
        let absent = image.within(limit, |image| {
            xattr::get(image, sb, inode, prefixes, 99, b"", &mut [])
        });
        let there = names
            .iter()
            .any(|(index, name)| *index == 99 && name.is_empty());
        assert!(there || absent == Err(Error::NoData));
    }

    if inode.no_acl() {
        for index in [INDEX_POSIX_ACL_ACCESS, INDEX_POSIX_ACL_DEFAULT] {
            let acl = xattr::get(image, sb, inode, prefixes, index, b"", &mut []);
            assert!(acl.is_err());
        }
    }
    for id in [0, 1, 127, 255] {
        let _ = image.within(limit + 40, |image| {
            xattr::get_long(image, sb, inode, prefixes, id, value)
        });
    }
}

fuzz_target!(|input: &[u8]| {
    let bytes = Bytes::new(input);
    let image = bytes.image();
    let Ok(mounted) = Mounted::new(&image) else {
        return;
    };
    let inodes = mounted
        .inodes(&image)
        .filter(|inode| inode.xattr_size() > 0);
    let mut value = vec![0; 1 << 16];
    for inode in inodes.take(64) {
        attributes(&image, &mounted, &inode, &mut value);
    }
});
