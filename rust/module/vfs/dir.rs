// SPDX-License-Identifier: GPL-2.0

//! Directories: `struct file_operations` as far as a directory has them.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use super::address_space::AddressSpace;
use super::fs_type::FileSystem;
use super::inode::Inode;
use super::inode_ops::status;
use super::ioctl;
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// `struct file_operations` of a directory.
pub(crate) trait Operations: FileSystem + ioctl::Operations {
    /// `->iterate_shared`: emits entries from `ctx.pos()` on until the caller has enough.
    fn iterate(dir: &Inode<Self>, pages: &Pages<'_>, ctx: &mut Context<'_>) -> Result;
}

/// Pages that readdir reads ahead: 16 KiB, as erofs does.
const AHEAD: u64 = 4;

/// The pages of a directory, read ahead in the state of the file that walks it.
pub(crate) struct Pages<'a> {
    file: *mut bindings::file,
    mapping: &'a AddressSpace,
    /// How many the directory has.
    count: u64,
}

impl Pages<'_> {
    /// Starts to read page `index`, and what follows it.
    pub(crate) fn read_ahead(&self, index: u64) {
        let ahead = self.count.saturating_sub(index).min(AHEAD);
        if ahead > 1 {
            // SAFETY: the file is open, and its position lock serialises the state.
            unsafe {
                bindings::cofs_readahead_once(
                    self.file,
                    self.mapping.as_ptr(),
                    index as usize,
                    ahead as usize,
                )
            };
        }
    }

    /// The directory's own.
    pub(crate) fn mapping(&self) -> &AddressSpace {
        self.mapping
    }
}

/// `struct dir_context`: where readdir stands, and who takes the entries.
pub(crate) struct Context<'a>(&'a mut bindings::dir_context);

impl Context<'_> {
    /// The cookie of the next entry.
    pub(crate) fn pos(&self) -> u64 {
        self.0.pos as u64
    }

    /// Moves on to `pos`.
    pub(crate) fn set_pos(&mut self, pos: u64) {
        self.0.pos = pos as i64;
    }

    /// Hands over an entry; false when the caller has enough.
    pub(crate) fn emit(&mut self, name: &[u8], pos: u64, ino: u64, d_type: u8) -> bool {
        let Some(actor) = self.0.actor else {
            return false;
        };
        // SAFETY: the actor is called as `dir_emit()` does: the name is readable for `len` bytes.
        unsafe {
            actor(
                self.0,
                name.as_ptr(),
                name.len() as i32,
                pos as i64,
                ino,
                d_type.into(),
            )
        }
    }

    /// Whether the task is being killed: a long walk should end.
    pub(crate) fn interrupted(&self) -> bool {
        // SAFETY: looks at the current task.
        unsafe { bindings::cofs_fatal_signal_pending() }
    }
}

/// The C table of `T`.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: Operations> Table<T> {
    const OPS: bindings::file_operations = bindings::file_operations {
        llseek: Some(bindings::generic_file_llseek),
        read: Some(bindings::generic_read_dir),
        iterate_shared: Some(Self::iterate_shared),
        unlocked_ioctl: Some(ioctl::ioctl::<T>),
        compat_ioctl: bindings::compat_ptr_ioctl,
        setlease: Some(bindings::generic_setlease),
        ..pin_init::zeroed()
    };

    pub(super) const fn get() -> &'static bindings::file_operations {
        &Self::OPS
    }

    /// # Safety
    ///
    /// Called by the VFS with an open directory of `T`, whose inode is locked shared.
    unsafe extern "C" fn iterate_shared(
        file: *mut bindings::file,
        ctx: *mut bindings::dir_context,
    ) -> kernel::ffi::c_int {
        // SAFETY: the file pins its inode.
        let dir = unsafe { Inode::<T>::from_raw((*file).f_inode) };
        // SAFETY: the context is the caller's, and ours for the call.
        let mut ctx = Context(unsafe { &mut *ctx });
        let pages = Pages {
            file,
            mapping: dir.data_mapping(),
            count: dir.size().div_ceil(PAGE_SIZE as u64),
        };
        status(|| T::iterate(dir, &pages, &mut ctx))
    }
}
