// SPDX-License-Identifier: GPL-2.0

//! ioctl(2) on files and directories.
//!
//! C header: [`include/uapi/linux/fs.h`](srctree/include/uapi/linux/fs.h)

use super::fs_type::FileSystem;
use super::inode::Inode;
use super::inode_ops::status;
use super::super_block::SuperBlock;
use crate::bindings;
use kernel::{
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

/// What ioctl(2) asks a file system.
pub(crate) trait Operations: FileSystem {
    /// `FS_IOC_GETFSLABEL`: tells `tell` the volume name, without a NUL.
    fn label(sb: &SuperBlock<Self>, tell: impl FnOnce(&[u8]) -> Result) -> Result;
}

/// `->unlocked_ioctl`.
///
/// # Safety
///
/// Called by the VFS with an open file of `T`.
pub(super) unsafe extern "C" fn ioctl<T: Operations>(
    file: *mut bindings::file,
    command: kernel::ffi::c_uint,
    argument: usize,
) -> isize {
    // SAFETY: the file pins its inode.
    let inode = unsafe { Inode::<T>::from_raw((*file).f_inode) };
    let done = status(|| match command {
        bindings::COFS_GETFSLABEL => T::label(inode.super_block(), |label| {
            let size = label.len().saturating_add(1);
            let mut user = UserSlice::new(UserPtr::from_addr(argument), size).writer();
            user.write_slice(label)?;
            user.write_slice(&[0])
        }),
        _ => Err(ENOTTY),
    });
    done as isize
}
