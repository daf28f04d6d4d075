// SPDX-License-Identifier: GPL-2.0

//! What lies on the disk: one file for each on-disk structure, with the checks that belong to it.
//!
//! C header: `fs/erofs/erofs_fs.h`, whose names are kept.

pub mod algorithms;
pub mod chunk;
pub mod cluster;
pub mod device;
pub mod dirent;
pub mod inode;
pub mod superblock;
pub mod xattr;
