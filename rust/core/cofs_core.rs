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
//!
//! An image with extra devices takes two steps more: [`SuperBlock::read_with_devices`] instead of
//! the first, and [`resolve()`](devices::resolve) after the last.
//!
//! ```
//! use cofs_core::{data, lookup, map, pages::Memory, Inode, Place, SuperBlock};
//!
//! // The smallest image there is: a superblock, two inodes, and both have their data behind them.
//! let mut image = vec![0u8; 8192];
//! image[1024..1028].copy_from_slice(&0xe0f5_e1e2u32.to_le_bytes());
//! image[1036] = 12; // blkszbits
//! image[1060] = 2; // blocks
//! image[1064] = 1; // meta_blkaddr
//! let mut inode = |pos: usize, mode: u16, data: &[u8]| {
//!     image[pos] = 4; // compact, flat inline
//!     image[pos + 4..][..2].copy_from_slice(&mode.to_le_bytes());
//!     image[pos + 6] = 1; // one link
//!     image[pos + 8] = data.len() as u8;
//!     image[pos + 32..][..data.len()].copy_from_slice(data);
//! };
//! inode(4096, 0o040755, b"\x04\0\0\0\0\0\0\0\x0c\0\x01\0hello");
//! inode(4096 + 4 * 32, 0o100644, b"Hello, world");
//!
//! let meta = Memory(&image);
//! let sb = SuperBlock::read(&meta, |_, _| unreachable!("it has no checksum"))?;
//! let root = Inode::root(&meta, &sb)?;
//!
//! // A directory's data is read like a file's; here it fits in a page.
//! let mut dir = [0; 4096];
//! data::read(&meta, &sb, &root, 0, &mut dir)?;
//! let found = lookup(&Memory(&dir), &sb, root.size(), b"hello")?.expect("it is there");
//! assert_eq!(lookup(&Memory(&dir), &sb, root.size(), b"world")?, None);
//!
//! let file = Inode::read(&meta, &sb, found.nid)?;
//! let extent = map(&meta, &sb, &file, 7, 4096)?;
//! assert_eq!((extent.offset, extent.len), (7, 5));
//! assert_eq!(extent.place, Place::Meta { pos: 4096 + 4 * 32 + 32 + 7 });
//! # Ok::<(), cofs_core::Error>(())
//! ```

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

pub mod compressed;
pub mod data;
pub mod devices;
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
    device::Device,
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
