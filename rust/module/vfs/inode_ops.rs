// SPDX-License-Identifier: GPL-2.0

//! `struct inode_operations`, and which tables a kind of inode gets.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use super::address_space;
use super::dir;
use super::file;
use super::fs_type::FileSystem;
use super::inode::Inode;
use super::iomap;
use super::xattr::Lister;
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    error::from_result,
    prelude::*,
    sync::aref::ARef, //
};

/// `struct inode_operations`.
pub(crate) trait InodeOperations: FileSystem + iomap::Operations {
    /// `->lookup`: the inode of `name` in `dir`, `None` where there is none.
    fn lookup(dir: &Inode<Self>, name: &[u8]) -> Result<Option<ARef<Inode<Self>>>>;

    /// `->getattr`: the `STATX_ATTR_*` bits that are set, and those that are known.
    fn attributes(inode: &Inode<Self>) -> (u64, u64);

    /// What direct I/O must be aligned to, in memory and in the file, as statx(2) tells; `None`
    /// where there is none.
    fn direct_align(inode: &Inode<Self>) -> Option<(u32, u32)>;

    /// `->listxattr`.
    fn list_xattrs(inode: &Inode<Self>, list: &mut Lister<'_>) -> Result;

    /// `->get_inode_acl`: the value of the POSIX ACL `kind` in xattr format.
    fn acl(inode: &Inode<Self>, kind: Acl) -> Result<Option<KVec<u8>>>;
}

/// The two POSIX ACLs of an inode.
#[derive(Clone, Copy)]
pub(crate) enum Acl {
    /// `ACL_TYPE_ACCESS`.
    Access,
    /// `ACL_TYPE_DEFAULT`.
    Default,
}

/// The tables of operations that an inode of `T` gets, by kind.
pub(crate) struct Operations<T> {
    inode: &'static bindings::inode_operations,
    file: Option<&'static bindings::file_operations>,
    mapping: Option<&'static bindings::address_space_operations>,
    kind: Kind,
    _fs: PhantomData<T>,
}

enum Kind {
    Pages,
    FastLink(KVec<u8>),
    Special,
}

impl<T: InodeOperations> Operations<T> {
    /// A regular file, whose blocks are ones `of_device` or not.
    pub(crate) fn file(of_device: bool) -> Self
    where
        T: file::Operations + address_space::Operations<Host = T>,
    {
        Self {
            inode: Table::<T>::file(),
            file: Some(file::Table::<T>::get()),
            mapping: Some(if of_device {
                address_space::Table::<T>::with_bmap()
            } else {
                address_space::Table::<T>::get()
            }),
            kind: Kind::Pages,
            _fs: PhantomData,
        }
    }

    /// A directory.
    pub(crate) fn dir() -> Self
    where
        T: dir::Operations + address_space::Operations<Host = T>,
    {
        Self {
            inode: Table::<T>::dir(),
            file: Some(dir::Table::<T>::get()),
            mapping: Some(address_space::Table::<T>::get()),
            kind: Kind::Pages,
            _fs: PhantomData,
        }
    }

    /// A symbolic link whose target is in its pages.
    pub(crate) fn page_link() -> Self
    where
        T: address_space::Operations<Host = T>,
    {
        Self {
            inode: Table::<T>::page_link(),
            file: None,
            mapping: Some(address_space::Table::<T>::get()),
            kind: Kind::Pages,
            _fs: PhantomData,
        }
    }

    /// A symbolic link with the target `link`; EINVAL unless that ends with a NUL.
    pub(crate) fn fast_link(link: KVec<u8>) -> Result<Self> {
        if link.last() != Some(&0) {
            return Err(EINVAL);
        }
        Ok(Self {
            inode: Table::<T>::fast_link(),
            file: None,
            mapping: None,
            kind: Kind::FastLink(link),
            _fs: PhantomData,
        })
    }

    /// A device node, fifo or socket.
    pub(crate) fn special() -> Self {
        Self {
            inode: Table::<T>::file(),
            file: None,
            mapping: None,
            kind: Kind::Special,
            _fs: PhantomData,
        }
    }

    /// # Safety
    ///
    /// `inode` must be new and the caller's alone, with its mode set.
    pub(super) unsafe fn apply(self, inode: *mut bindings::inode, rdev: u32) {
        // SAFETY: the inode is ours by the function's requirement; the tables are static.
        unsafe {
            (*inode).i_op = self.inode;
            if let Some(file) = self.file {
                (*inode).__bindgen_anon_3.i_fop = file;
            }
            if let Some(mapping) = self.mapping {
                (*(*inode).i_mapping).a_ops = mapping;
            }
        }
        match self.kind {
            // SAFETY: the inode is ours.
            Kind::Pages => unsafe {
                if (*inode).i_mode & bindings::S_IFMT as u16 != bindings::S_IFREG as u16 {
                    bindings::inode_nohighmem(inode);
                }
                bindings::cofs_mapping_set_large_folios((*inode).i_mapping);
                bindings::cofs_mapping_set_nesting((*inode).i_mapping);
            },
            Kind::FastLink(link) => {
                let (link, _, _) = link.into_raw_parts();
                // SAFETY: the inode is ours; `link` is NUL-terminated and is freed with it.
                unsafe { bindings::cofs_inode_set_link(inode, link.cast()) };
            }
            // SAFETY: the inode is ours.
            Kind::Special => unsafe {
                (*inode).i_rdev = bindings::cofs_new_decode_dev(rdev);
                bindings::init_special_inode(inode, (*inode).i_mode, (*inode).i_rdev);
            },
        }
    }
}

/// The C tables of `T`.
struct Table<T>(PhantomData<T>);

impl<T: InodeOperations> Table<T> {
    const COMMON: bindings::inode_operations = bindings::inode_operations {
        getattr: Some(Self::getattr),
        listxattr: Some(Self::listxattr),
        get_inode_acl: Some(Self::get_inode_acl),
        ..pin_init::zeroed()
    };
    const FILE: bindings::inode_operations = bindings::inode_operations {
        fiemap: Some(iomap::Table::<T>::fiemap),
        ..Self::COMMON
    };
    const DIR: bindings::inode_operations = bindings::inode_operations {
        fiemap: Some(iomap::Table::<T>::fiemap),
        lookup: Some(Self::lookup),
        ..Self::COMMON
    };
    const PAGE_LINK: bindings::inode_operations = bindings::inode_operations {
        get_link: Some(bindings::page_get_link),
        ..Self::COMMON
    };
    const FAST_LINK: bindings::inode_operations = bindings::inode_operations {
        get_link: Some(bindings::simple_get_link),
        ..Self::COMMON
    };

    const fn file() -> &'static bindings::inode_operations {
        &Self::FILE
    }

    const fn dir() -> &'static bindings::inode_operations {
        &Self::DIR
    }

    const fn page_link() -> &'static bindings::inode_operations {
        &Self::PAGE_LINK
    }

    const fn fast_link() -> &'static bindings::inode_operations {
        &Self::FAST_LINK
    }

    /// # Safety
    ///
    /// Called by the VFS with a locked directory of `T` and an unhashed dentry.
    unsafe extern "C" fn lookup(
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        _flags: kernel::ffi::c_uint,
    ) -> *mut bindings::dentry {
        // SAFETY: the caller holds the directory.
        let dir = unsafe { Inode::<T>::from_raw(dir) };
        // SAFETY: the directory's lock keeps the name of an unhashed dentry stable.
        let name = unsafe {
            let name = &(*dentry).__bindgen_anon_1.d_name;
            core::slice::from_raw_parts(
                name.name,
                name.__bindgen_anon_1.__bindgen_anon_1.len as usize,
            )
        };
        let inode = match T::lookup(dir, name) {
            Ok(Some(inode)) => Inode::into_raw(inode),
            Ok(None) => core::ptr::null_mut(),
            Err(e) => e.to_ptr(),
        };
        // SAFETY: d_splice_alias consumes the reference, takes null and errors.
        unsafe { bindings::d_splice_alias(inode, dentry) }
    }

    /// # Safety
    ///
    /// Called by the VFS with a live path to an inode of `T`.
    unsafe extern "C" fn getattr(
        idmap: *mut bindings::mnt_idmap,
        path: *const bindings::path,
        stat: *mut bindings::kstat,
        request_mask: u32,
        _flags: kernel::ffi::c_uint,
    ) -> kernel::ffi::c_int {
        // SAFETY: the path pins a positive dentry.
        let inode = unsafe { (*(*path).dentry).d_inode };
        // SAFETY: it is an inode of `T`.
        let (set, known) = T::attributes(unsafe { Inode::<T>::from_raw(inode) });
        // SAFETY: as above; `stat` is ours.
        unsafe {
            let regular = (*inode).i_mode & bindings::S_IFMT as u16 == bindings::S_IFREG as u16;
            if regular && request_mask & bindings::STATX_DIOALIGN != 0 {
                (*stat).result_mask |= bindings::STATX_DIOALIGN;
                if let Some((memory, offset)) = T::direct_align(Inode::<T>::from_raw(inode)) {
                    (*stat).dio_mem_align = memory;
                    (*stat).dio_offset_align = offset;
                }
            }
        }
        // SAFETY: `stat` is ours to fill.
        unsafe {
            (*stat).attributes |= set;
            (*stat).attributes_mask |= known;
            bindings::generic_fillattr(idmap, request_mask, inode, stat);
        }
        0
    }

    /// # Safety
    ///
    /// Called by the VFS with a live dentry and `size` writable bytes, or none to ask the size.
    unsafe extern "C" fn listxattr(
        dentry: *mut bindings::dentry,
        buffer: *mut kernel::ffi::c_char,
        size: usize,
    ) -> isize {
        // SAFETY: the dentry is positive and of `T`.
        let inode = unsafe { Inode::<T>::from_raw((*dentry).d_inode) };
        // SAFETY: by the function's requirement.
        let mut list = unsafe { Lister::new(buffer.cast(), size) };
        match T::list_xattrs(inode, &mut list) {
            Ok(()) => list.used() as isize,
            Err(e) => e.to_errno() as isize,
        }
    }

    /// # Safety
    ///
    /// Called by the VFS with an inode of `T`.
    unsafe extern "C" fn get_inode_acl(
        inode: *mut bindings::inode,
        kind: kernel::ffi::c_int,
        rcu: bool,
    ) -> *mut bindings::posix_acl {
        if rcu {
            return ECHILD.to_ptr();
        }
        let kind = match kind as u32 {
            bindings::ACL_TYPE_ACCESS => Acl::Access,
            bindings::ACL_TYPE_DEFAULT => Acl::Default,
            _ => return EINVAL.to_ptr(),
        };
        // SAFETY: the caller holds the inode.
        match T::acl(unsafe { Inode::<T>::from_raw(inode) }, kind) {
            Ok(None) => core::ptr::null_mut(),
            // SAFETY: the value is `len` readable bytes; ids on disk are those of the initial
            // user namespace.
            Ok(Some(value)) => unsafe {
                bindings::posix_acl_from_xattr(
                    &raw mut bindings::init_user_ns,
                    value.as_ptr().cast(),
                    value.len(),
                )
            },
            Err(e) => e.to_ptr(),
        }
    }
}

/// `from_result` for callers outside this file that have no value to return.
pub(super) fn status(f: impl FnOnce() -> Result) -> kernel::ffi::c_int {
    from_result(|| f().map(|()| 0))
}
