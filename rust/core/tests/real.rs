// SPDX-License-Identifier: GPL-2.0

//! Images made by mkfs.erofs, compared with the trees they were made of.
//!
//! `COFS_TEST_IMAGES` names a directory of pairs: `NAME.erofs`, and beside it the tree `NAME`.

mod common;

use common::compare::Image;
use std::{
    ffi::OsStr,
    fs, //
};

#[test]
fn images_equal_their_trees() {
    let Some(directory) = std::env::var_os("COFS_TEST_IMAGES") else {
        println!("skipped: COFS_TEST_IMAGES is not set");
        return;
    };
    let mut images = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension() == Some(OsStr::new("erofs")) {
            let image = Image::new(fs::read(&path).unwrap(), Vec::new(), 0);
            image.compare(&path.with_extension(""));
            images += 1;
        }
    }
    assert_ne!(images, 0, "COFS_TEST_IMAGES has no images");
}
