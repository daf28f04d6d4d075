// SPDX-License-Identifier: GPL-2.0

//! The border to the VFS: one Rust trait for each C table of operations, and the types that its
//! arguments need.
//!
//! C's object model is kept as it is: a trait's methods have the meaning of the C operations that
//! they are named after. All raw pointers of the VFS stay in this directory.
//!
//! C headers: [`include/linux/fs.h`](srctree/include/linux/fs.h),
//! [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

pub(crate) mod address_space;
pub(crate) mod asked_folio;
pub(crate) mod context;
mod decoded_file;
pub(crate) mod dir;
pub(crate) mod errors;
pub(crate) mod export;
pub(crate) mod file;
pub(crate) mod folio;
pub(crate) mod folios;
pub(crate) mod fs_type;
pub(crate) mod held;
pub(crate) mod inode;
pub(crate) mod inode_ops;
pub(crate) mod ioctl;
pub(crate) mod iomap;
pub(crate) mod later;
pub(crate) mod readahead;
pub(crate) mod scan;
pub(crate) mod super_block;
pub(crate) mod xattr;
