// SPDX-License-Identifier: GPL-2.0

//! cofs: mounts EROFS images, and keeps one copy of a file's pages in memory however many images
//! hold it.
//!
//! - Names, what a path walk touches: [`mount`], [`inode`], [`dir`], [`xattr`], [`extents`].
//! - Pages, what a read touches: [`fill`], one file for each stage.
//! - Sharing: [`share`].
//! - The borders to C: [`vfs`] and [`sys`]; `unsafe` is nowhere else.
//!
//! What images mean is in the crate `cofs_core`.

use kernel::prelude::*;

#[path = "../bindings/lib.rs"]
mod bindings;
mod devices;
mod dir;
mod error;
mod extents;
mod features;
mod fill;
mod inode;
mod mount;
mod options;
mod share;
mod special;
mod stats;
mod sys;
mod vfs;
mod xattr;

module! {
    type: Cofs,
    name: "cofs",
    authors: ["The cofs developers"],
    description: "EROFS images with one page cache for common files",
    license: "GPL",
    alias: ["fs-cofs"],
}

/// The module: the registration, which carries everything else.
#[pin_data]
struct Cofs {
    #[pin]
    images: vfs::fs_type::FsType<mount::Image>,
}

impl kernel::InPlaceModule for Cofs {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            images <- vfs::fs_type::FsType::register(
                module,
                sys::parameters::fsname()?,
                mount::Module::new(),
            ),
        }? Error)
    }
}
