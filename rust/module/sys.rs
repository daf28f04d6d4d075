// SPDX-License-Identifier: GPL-2.0

//! The border to the C interfaces outside the VFS.

pub(crate) mod backing;
pub(crate) mod bio;
pub(crate) mod claim;
pub(crate) mod cluster_read;
pub(crate) mod codecs;
pub(crate) mod completion;
pub(crate) mod errno;
pub(crate) mod failed_bio;
mod file_read;
pub(crate) mod flights;
pub(crate) mod hash;
mod highest;
pub(crate) mod inode_lists;
pub(crate) mod inode_queue;
pub(crate) mod inode_table;
pub(crate) mod nofs;
pub(crate) mod opened;
pub(crate) mod parameters;
mod pool;
pub(crate) mod scratch;
pub(crate) mod span;
pub(crate) mod sysfs;
pub(crate) mod temporary;
pub(crate) mod trace;
pub(crate) mod virtual_range;
pub(crate) mod work;
