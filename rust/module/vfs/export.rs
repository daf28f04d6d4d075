// SPDX-License-Identifier: GPL-2.0

//! File handles: `struct export_operations`.
//!
//! A handle is what erofs makes it: the number of the inode in two words, a generation, and the
//! same for the parent where the caller wants it. It comes back from user space, so any number
//! may be in it.
//!
//! C header: [`include/linux/exportfs.h`](srctree/include/linux/exportfs.h)

use super::fs_type::FileSystem;
use super::inode::Inode;
use super::super_block::SuperBlock;
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    prelude::*,
    sync::aref::ARef, //
};

/// `struct export_operations`.
pub(crate) trait Operations: FileSystem {
    /// The number that handles have for `inode`.
    fn number(inode: &Inode<Self>) -> u64;

    /// The inode that handles have `number` for.
    fn by_number(sb: &SuperBlock<Self>, number: u64) -> Result<ARef<Inode<Self>>>;

    /// `->get_parent`.
    fn parent(dir: &Inode<Self>) -> Result<ARef<Inode<Self>>>;
}

/// Words that one inode takes in a handle.
const WORDS: usize = 3;

/// The C table of `T`.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: Operations> Table<T> {
    const OPS: bindings::export_operations = bindings::export_operations {
        encode_fh: Some(Self::encode_fh),
        fh_to_dentry: Some(Self::fh_to_dentry),
        fh_to_parent: Some(Self::fh_to_parent),
        get_parent: Some(Self::get_parent),
        // SAFETY: null pointers and no flags are valid in what is left.
        ..unsafe { core::mem::zeroed() }
    };

    pub(super) const fn get() -> &'static bindings::export_operations {
        &Self::OPS
    }

    /// # Safety
    ///
    /// Called by exportfs with inodes of `T`, the parent perhaps null, and `max_len` writable words.
    unsafe extern "C" fn encode_fh(
        inode: *mut bindings::inode,
        words: *mut u32,
        max_len: *mut kernel::ffi::c_int,
        parent: *mut bindings::inode,
    ) -> kernel::ffi::c_int {
        let with_parent = !parent.is_null();
        let len = if with_parent { 2 * WORDS } else { WORDS };
        // SAFETY: by the function's requirement.
        unsafe {
            let room = *max_len as usize;
            *max_len = len as i32;
            if room < len {
                return bindings::fid_type_FILEID_INVALID as i32;
            }
            let put = |at: usize, inode: *mut bindings::inode| {
                let number = T::number(Inode::from_raw(inode));
                words.add(at).write((number >> 32) as u32);
                words.add(at + 1).write(number as u32);
                words.add(at + 2).write((*inode).i_generation);
            };
            put(0, inode);
            if with_parent {
                put(WORDS, parent);
            }
        }
        if with_parent {
            bindings::fid_type_FILEID_INO64_GEN_PARENT as i32
        } else {
            bindings::fid_type_FILEID_INO64_GEN as i32
        }
    }

    /// The dentry of an inode, or of the error that came instead.
    fn alias(inode: Result<ARef<Inode<T>>>) -> *mut bindings::dentry {
        let inode = inode.map_or_else(|e| e.to_ptr(), Inode::into_raw);
        // SAFETY: d_obtain_alias consumes the reference and takes errors.
        unsafe { bindings::d_obtain_alias(inode) }
    }

    /// The dentry of the inode whose number lies at word `at`; null unless the handle has `len`
    /// words.
    ///
    /// # Safety
    ///
    /// `sb` must be live and of `T`, and `fid` readable for `fh_len` words.
    unsafe fn decode(
        sb: *mut bindings::super_block,
        fid: *mut bindings::fid,
        fh_len: kernel::ffi::c_int,
        at: usize,
    ) -> *mut bindings::dentry {
        if fh_len < (at + WORDS) as i32 {
            return core::ptr::null_mut();
        }
        // CAST: a fid is a union with an array of words.
        let words = fid.cast::<u32>();
        // SAFETY: by the function's requirement and the check above.
        let (sb, high, low) = unsafe {
            (
                SuperBlock::<T>::from_raw(sb),
                words.add(at).read(),
                words.add(at + 1).read(),
            )
        };
        Self::alias(T::by_number(sb, u64::from(high) << 32 | u64::from(low)))
    }

    /// # Safety
    ///
    /// Called by exportfs with a super block of `T` and a handle of `fh_len` words.
    unsafe extern "C" fn fh_to_dentry(
        sb: *mut bindings::super_block,
        fid: *mut bindings::fid,
        fh_len: kernel::ffi::c_int,
        fh_type: kernel::ffi::c_int,
    ) -> *mut bindings::dentry {
        match fh_type as u32 {
            bindings::fid_type_FILEID_INO64_GEN | bindings::fid_type_FILEID_INO64_GEN_PARENT => {
                // SAFETY: the arguments are handed through.
                unsafe { Self::decode(sb, fid, fh_len, 0) }
            }
            _ => core::ptr::null_mut(),
        }
    }

    /// # Safety
    ///
    /// As for [`Self::fh_to_dentry`].
    unsafe extern "C" fn fh_to_parent(
        sb: *mut bindings::super_block,
        fid: *mut bindings::fid,
        fh_len: kernel::ffi::c_int,
        fh_type: kernel::ffi::c_int,
    ) -> *mut bindings::dentry {
        match fh_type as u32 {
            // SAFETY: the arguments are handed through.
            bindings::fid_type_FILEID_INO64_GEN_PARENT => unsafe {
                Self::decode(sb, fid, fh_len, WORDS)
            },
            _ => core::ptr::null_mut(),
        }
    }

    /// # Safety
    ///
    /// Called by exportfs with the dentry of a directory of `T`.
    unsafe extern "C" fn get_parent(child: *mut bindings::dentry) -> *mut bindings::dentry {
        // SAFETY: the dentry pins its inode.
        let dir = unsafe { Inode::<T>::from_raw((*child).d_inode) };
        Self::alias(T::parent(dir))
    }
}
