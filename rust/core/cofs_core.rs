// SPDX-License-Identifier: GPL-2.0

//! What cofs knows without a kernel: the EROFS image format, the map from a file's bytes to the
//! device, and the policies of sharing.
//!
//! The same source is compiled by Kbuild into `cofs.ko` and by cargo for tests and tools. It
//! neither allocates nor does I/O: whoever calls it lends it metadata through [`Pages`].
//!
//! Every image is hostile. Its bytes become a type with private fields only after they were
//! checked, arithmetic on them is checked, and the work done for one call is bounded by the size
//! of the block, the name or the range it concerns, never by a number read from the image alone.
//!
//! A typical way through the crate:
//!
//! 1. [`SuperBlock::read`] checks the superblock;
//! 2. [`Inode::read`] turns a node number into a checked inode;
//! 3. [`lookup()`](walk::lookup::lookup) and [`readdir()`](walk::readdir::readdir) walk
//!    directories, [`xattr`] finds attributes, [`map()`](map::map) says where file data lies.

#![cfg_attr(not(CONFIG_RUST), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

#[cfg(test)]
extern crate std;

pub mod data;
pub mod error;
pub mod format;
pub mod map;
pub mod num;
pub mod pages;
pub mod share;
pub mod walk;
pub mod xattr;

pub use error::{
    Error,
    Result, //
};
pub use format::{
    inode::{
        Inode,
        Kind,
        Layout, //
    },
    superblock::SuperBlock,
};
pub use map::{
    map,
    Extent,
    Place, //
};
pub use pages::Pages;
pub use walk::{
    lookup::{
        lookup,
        Found, //
    },
    readdir::{
        readdir,
        Entry, //
    },
};
