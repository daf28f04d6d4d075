// SPDX-License-Identifier: GPL-2.0

//! `struct xattr_handler` and the lists of listxattr(2).
//!
//! C header: [`include/linux/xattr.h`](srctree/include/linux/xattr.h)

use super::fs_type::FileSystem;
use super::inode::Inode;
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    prelude::*,
    str::as_char_ptr_in_const_context, //
};

/// The namespaces of extended attributes that have handlers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// `user.`
    User,
    /// `trusted.`
    Trusted,
    /// `security.`
    Security,
}

/// `struct xattr_handler`.
pub(crate) trait Operations: FileSystem {
    /// `->get`: writes the value of `name` (what follows the namespace) to `out` and returns its
    /// length; an empty `out` asks for the length alone.
    fn get(inode: &Inode<Self>, namespace: Namespace, name: &[u8], out: &mut [u8])
        -> Result<usize>;
}

/// A null-terminated table of handlers.
struct Table([*const bindings::xattr_handler; 4]);

// SAFETY: the table and its handlers are never written.
unsafe impl Sync for Table {}

/// The handlers of `T`.
pub(super) struct Handlers<T>(PhantomData<T>);

impl<T: Operations> Handlers<T> {
    const USER: bindings::xattr_handler = bindings::xattr_handler {
        prefix: as_char_ptr_in_const_context(c"user."),
        flags: Namespace::User as i32,
        get: Some(Self::get),
        ..pin_init::zeroed()
    };
    const TRUSTED: bindings::xattr_handler = bindings::xattr_handler {
        prefix: as_char_ptr_in_const_context(c"trusted."),
        flags: Namespace::Trusted as i32,
        get: Some(Self::get),
        ..pin_init::zeroed()
    };
    const SECURITY: bindings::xattr_handler = bindings::xattr_handler {
        prefix: as_char_ptr_in_const_context(c"security."),
        flags: Namespace::Security as i32,
        get: Some(Self::get),
        ..pin_init::zeroed()
    };
    const TABLE: Table = Table([
        &Self::USER,
        &Self::TRUSTED,
        &Self::SECURITY,
        core::ptr::null(),
    ]);

    /// The table.
    pub(super) const fn table() -> *const *const bindings::xattr_handler {
        let table: &'static Table = &Self::TABLE;
        table.0.as_ptr()
    }

    /// # Safety
    ///
    /// Called by the VFS with one of the handlers above, an inode of `T`, a C string, and `size`
    /// writable bytes, or none to ask the size.
    unsafe extern "C" fn get(
        handler: *const bindings::xattr_handler,
        _dentry: *mut bindings::dentry,
        inode: *mut bindings::inode,
        name: *const kernel::ffi::c_char,
        buffer: *mut kernel::ffi::c_void,
        size: usize,
    ) -> kernel::ffi::c_int {
        // SAFETY: the handler is static.
        let namespace = match unsafe { (*handler).flags } {
            f if f == Namespace::User as i32 => Namespace::User,
            f if f == Namespace::Trusted as i32 => Namespace::Trusted,
            _ => Namespace::Security,
        };
        // SAFETY: the caller holds the inode.
        let inode = unsafe { Inode::<T>::from_raw(inode) };
        // SAFETY: by the function's requirement.
        let name = unsafe { CStr::from_char_ptr(name) };
        let out: &mut [u8] = if buffer.is_null() {
            &mut []
        } else {
            // SAFETY: by the function's requirement.
            unsafe { core::slice::from_raw_parts_mut(buffer.cast(), size) }
        };
        match T::get(inode, namespace, name.to_bytes(), out) {
            Ok(len) => len as i32,
            Err(e) => e.to_errno(),
        }
    }
}

/// Collects the names of listxattr(2): bytes used, or written where there is a buffer.
pub(crate) struct Lister<'a> {
    out: Option<&'a mut [u8]>,
    used: usize,
}

impl Lister<'_> {
    /// # Safety
    ///
    /// `buffer` must be null or valid for `size` writes.
    pub(super) unsafe fn new(buffer: *mut u8, size: usize) -> Self {
        Self {
            out: if buffer.is_null() {
                None
            } else {
                // SAFETY: by the function's requirement.
                Some(unsafe { core::slice::from_raw_parts_mut(buffer, size) })
            },
            used: 0,
        }
    }

    /// Whether the caller may see names in `trusted.`.
    pub(crate) fn may_see_trusted(&self) -> bool {
        // SAFETY: checks the current task's credentials.
        unsafe { bindings::capable(bindings::CAP_SYS_ADMIN as i32) }
    }

    /// Adds the name made of `parts`; ERANGE where the buffer is too small.
    pub(crate) fn add(&mut self, parts: &[&[u8]]) -> Result {
        for part in parts {
            self.put(part)?;
        }
        self.put(&[0])
    }

    fn put(&mut self, part: &[u8]) -> Result {
        let end = self.used.checked_add(part.len()).ok_or(ERANGE)?;
        if let Some(out) = &mut self.out {
            out.get_mut(self.used..end)
                .ok_or(ERANGE)?
                .copy_from_slice(part);
        }
        self.used = end;
        Ok(())
    }

    pub(super) fn used(&self) -> usize {
        self.used
    }
}
