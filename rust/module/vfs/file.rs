// SPDX-License-Identifier: GPL-2.0

//! Open regular files: `struct file_operations`.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use super::address_space::AddressSpace;
use super::decoded_file;
use super::fs_type::FileSystem;
use super::inode::Inode;
use super::inode_ops::status;
use super::{
    ioctl,
    iomap, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    ops::Range,
    ptr, //
};
use kernel::{
    prelude::*,
    types::Opaque, //
};

/// `struct file_operations` of a regular file.
pub(crate) trait Operations: FileSystem + ioctl::Operations + iomap::Operations {
    /// Whether nobody but this inode's files reads its pages.
    fn owns_pages(inode: &Inode<Self>) -> bool;

    /// Whether files opened with O_DIRECT read from the device; else they read through the cache.
    fn reads_directly(inode: &Inode<Self>) -> bool;

    /// Whether pages that the inode's files read may be decoded by who reads them.
    fn is_decoded(inode: &Inode<Self>) -> bool;

    /// Whether what such an inode's files read may have to be decoded now: their own image has it
    /// compressed, or something is in flight.
    fn may_decode(inode: &Inode<Self>) -> bool;

    /// Decodes what of `range` of `mapping`, which a file of `inode` reads, is in flight. EINTR if a
    /// signal kills this thread.
    fn finish(inode: &Inode<Self>, mapping: &AddressSpace, range: Range<u64>) -> Result;

    /// Has the same done by somebody else, soon.
    fn hand_over(inode: &Inode<Self>, mapping: &AddressSpace, range: Range<u64>);

    /// `->open`. Afterwards `i_mapping` of the inode stays as it is while a file is open.
    fn open(inode: &Inode<Self>) -> Result;

    /// `->release`, once for each successful [`Self::open`].
    fn closed(inode: &Inode<Self>);
}

/// An open `struct file`.
#[repr(transparent)]
pub(crate) struct File(Opaque<bindings::file>);

impl File {
    /// # Safety
    ///
    /// `file` must be null or open for `'a`.
    pub(super) unsafe fn from_raw<'a>(file: *mut bindings::file) -> Option<&'a Self> {
        // CAST: the struct is transparent.
        // SAFETY: by the function's requirement.
        unsafe { file.cast::<Self>().as_ref() }
    }

    fn as_ptr(&self) -> *mut bindings::file {
        self.0.get()
    }

    /// The pages that the file reads.
    pub(crate) fn mapping(&self) -> &AddressSpace {
        // SAFETY: `f_mapping` does not change after open, and the file pins it.
        unsafe { AddressSpace::from_raw((*self.as_ptr()).f_mapping) }
    }

    /// Whether its reader has said that it reads here and there.
    pub(crate) fn is_random(&self) -> bool {
        // SAFETY: the file is open; fadvise(2) may change the mode meanwhile.
        let mode = unsafe { (&raw const (*self.as_ptr()).f_mode).read_volatile() };
        mode & bindings::COFS_FMODE_RANDOM != 0
    }

    /// The inode of the file, if its `i_mapping` was redirected to the pages of `target`.
    pub(crate) fn redirected_inode<T: FileSystem>(
        &self,
        target: &Inode<T::Target>,
    ) -> Option<&Inode<T>> {
        let mapping = target.data_mapping();
        // SAFETY: the file is open and pins its inode.
        let inode = unsafe { (*self.as_ptr()).f_inode };
        if self.mapping() != mapping || mapping.is_own_of(inode) {
            return None;
        }
        // SAFETY: only `Inode::<T>::redirect_mapping` makes another inode point to the pages of
        // a `T::Target`, and the file keeps the inode alive.
        Some(unsafe { Inode::from_raw(inode) })
    }
}

/// `IOCB_NOWAIT`.
const NOWAIT: i32 = bindings::COFS_IOCB_NOWAIT as i32;

/// `IOCB_DIRECT`.
const DIRECT: i32 = bindings::IOCB_DIRECT as i32;

/// `IOCB_WAITQ`.
const WAITQ: i32 = bindings::IOCB_WAITQ as i32;

/// `IOCB_NOIO`.
pub(super) const NOIO: i32 = bindings::IOCB_NOIO as i32;

/// What `private_data` of an open file tells of it.
#[derive(Clone, Copy, PartialEq)]
struct Known(usize);

impl Known {
    /// Nothing yet.
    const NOTHING: Self = Self(0);
    /// Its pages are there when their bios have ended.
    const FILLED: Self = Self(1);
    /// Its pages may have to be decoded.
    const DECODED: Self = Self(2);

    /// # Safety
    ///
    /// `file` must be an open file of a [`Table`].
    unsafe fn of(file: *mut bindings::file) -> Self {
        // SAFETY: the file is open; others read and write the field as a whole, too.
        let data = unsafe { (&raw const (*file).private_data).read_volatile() };
        Self(data.addr())
    }
}

/// The C table of `T`.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: Operations> Table<T> {
    const OPS: bindings::file_operations = bindings::file_operations {
        fop_flags: bindings::COFS_FOP_BUFFER_RASYNC | bindings::COFS_FOP_DONTCACHE,
        open: Some(Self::open),
        release: Some(Self::release),
        llseek: Some(iomap::Table::<T>::llseek),
        unlocked_ioctl: Some(ioctl::ioctl::<T>),
        compat_ioctl: bindings::compat_ptr_ioctl,
        read_iter: Some(Self::read_iter),
        splice_read: Some(Self::splice_read),
        mmap_prepare: Some(Self::mmap_prepare),
        #[cfg(CONFIG_TRANSPARENT_HUGEPAGE)]
        get_unmapped_area: Some(bindings::thp_get_unmapped_area),
        fadvise: Some(Self::fadvise),
        setlease: Some(bindings::generic_setlease),
        ..pin_init::zeroed()
    };

    pub(super) const fn get() -> &'static bindings::file_operations {
        &Self::OPS
    }

    /// # Safety
    ///
    /// Called by the VFS with a file under construction on an inode of `T`.
    unsafe extern "C" fn open(
        inode: *mut bindings::inode,
        file: *mut bindings::file,
    ) -> kernel::ffi::c_int {
        status(|| {
            // SAFETY: the file pins its inode.
            T::open(unsafe { Inode::<T>::from_raw(inode) })?;
            // SAFETY: the file is ours until open returns. `i_mapping` is stable from here on.
            unsafe {
                (*file).f_mapping = (*inode).i_mapping;
                (*file).f_mode |= bindings::COFS_FMODE_NOWAIT;
            }
            Ok(())
        })
    }

    /// # Safety
    ///
    /// Called by the VFS with the last reference to a file of `T`.
    unsafe extern "C" fn release(
        inode: *mut bindings::inode,
        _file: *mut bindings::file,
    ) -> kernel::ffi::c_int {
        // SAFETY: the file pins its inode.
        T::closed(unsafe { Inode::<T>::from_raw(inode) });
        0
    }

    /// # Safety
    ///
    /// Called by the VFS with an open file of `T`.
    unsafe extern "C" fn read_iter(
        iocb: *mut bindings::kiocb,
        to: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: the file is open, and the iterator the caller's.
        unsafe {
            if (*iocb).ki_flags & (DIRECT | NOWAIT | WAITQ) == 0 {
                match Known::of((*iocb).ki_filp) {
                    Known::FILLED => return bindings::filemap_read(iocb, to, 0),
                    Known::DECODED => return decoded_file::read_iter::<T>(iocb, to),
                    _ => {}
                }
            }
            Self::read_otherwise(iocb, to)
        }
    }

    /// The first read of a file, and those that are not of the usual kind.
    ///
    /// # Safety
    ///
    /// As for [`Self::read_iter`].
    #[cold]
    unsafe fn read_otherwise(iocb: *mut bindings::kiocb, to: *mut bindings::iov_iter) -> isize {
        // SAFETY: the file is open, and the iterator the caller's.
        unsafe {
            let inode = Inode::<T>::from_raw((*(*iocb).ki_filp).f_inode);
            if (*iocb).ki_flags & DIRECT != 0 && T::reads_directly(inode) {
                return iomap::Table::<T>::read_direct(iocb, to);
            }
            let known = Self::know((*iocb).ki_filp);
            if (*iocb).ki_flags & NOWAIT != 0 {
                // Even to begin a read may wait: for metadata, or a file below.
                (*iocb).ki_flags |= NOIO;
                let read = bindings::filemap_read(iocb, to, 0);
                (*iocb).ki_flags &= !NOIO;
                return read;
            }
            match known {
                Known::DECODED if (*iocb).ki_flags & WAITQ != 0 => {
                    decoded_file::read_called_back::<T>(iocb, to)
                }
                Known::DECODED => decoded_file::read_iter::<T>(iocb, to),
                _ => bindings::filemap_read(iocb, to, 0),
            }
        }
    }

    /// # Safety
    ///
    /// Called by the VFS with an open file of `T` and a locked pipe.
    unsafe extern "C" fn splice_read(
        file: *mut bindings::file,
        pos: *mut bindings::loff_t,
        pipe: *mut bindings::pipe_inode_info,
        len: usize,
        flags: kernel::ffi::c_uint,
    ) -> isize {
        // SAFETY: the arguments are handed through.
        unsafe {
            if Self::know(file) == Known::DECODED {
                decoded_file::before_splice::<T>(file, *pos as u64, len as u64);
            }
            bindings::filemap_splice_read(file, pos, pipe, len, flags)
        }
    }

    /// # Safety
    ///
    /// Called by mmap(2) with a description of the mapping to be.
    unsafe extern "C" fn mmap_prepare(desc: *mut bindings::vm_area_desc) -> kernel::ffi::c_int {
        // SAFETY: the description holds an open file.
        unsafe {
            let known = Self::know((*desc).file);
            let ret = bindings::generic_file_readonly_mmap_prepare(desc);
            if ret == 0 && known == Known::DECODED {
                (*desc).vm_ops = decoded_file::Table::<T>::get();
            }
            ret
        }
    }

    /// # Safety
    ///
    /// Called by the VFS with an open file of `T`.
    unsafe extern "C" fn fadvise(
        file: *mut bindings::file,
        offset: bindings::loff_t,
        len: bindings::loff_t,
        advice: kernel::ffi::c_int,
    ) -> kernel::ffi::c_int {
        // SAFETY: the file pins its inode.
        let inode = unsafe { Inode::<T>::from_raw((*file).f_inode) };
        if advice as u32 == bindings::POSIX_FADV_DONTNEED && len >= 0 && !T::owns_pages(inode) {
            // The neighbours have not said that they do not need them.
            return 0;
        }
        // SAFETY: the file is open.
        unsafe {
            Self::know(file);
            let ret = bindings::generic_fadvise(file, offset, len, advice);
            // generic_fadvise() derives the window from the mapping's bdi.
            match advice as u32 {
                bindings::POSIX_FADV_NORMAL => {
                    (*file).__bindgen_anon_3.f_ra.ra_pages = window(file) as u32;
                }
                bindings::POSIX_FADV_SEQUENTIAL => {
                    (*file).__bindgen_anon_3.f_ra.ra_pages = window(file).saturating_mul(2) as u32;
                }
                _ => {}
            }
            ret
        }
    }

    /// What there is to know of a file. The first time it gets its device's readahead window: open(2)
    /// sets that of the mapping's bdi after `->open`.
    ///
    /// # Safety
    ///
    /// `file` must be an open file of `T`.
    unsafe fn know(file: *mut bindings::file) -> Known {
        // SAFETY: the file is open and pins its inode; `private_data` is ours, and read and written as
        // a whole. Two threads that race store the same values. mm reads the window without a lock, too.
        unsafe {
            let known = Known::of(file);
            if known != Known::NOTHING {
                return known;
            }
            let pages = &raw mut (*file).__bindgen_anon_3.f_ra.ra_pages;
            pages.write_volatile(window(file) as u32);
            let known = match T::is_decoded(Inode::from_raw((*file).f_inode)) {
                true => Known::DECODED,
                false => Known::FILLED,
            };
            let data = ptr::without_provenance_mut(known.0);
            (&raw mut (*file).private_data).write_volatile(data);
            known
        }
    }
}

/// The readahead window of the device that the file's own image lies on, in pages.
///
/// # Safety
///
/// `file` must be open.
unsafe fn window(file: *mut bindings::file) -> usize {
    // SAFETY: the file pins its inode, whose super block has a bdi.
    unsafe { bindings::cofs_inode_ra_pages((*file).f_inode) }
}
