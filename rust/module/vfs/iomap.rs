// SPDX-License-Identifier: GPL-2.0

//! Where a file's data lies, for FIEMAP, SEEK_HOLE, SEEK_DATA and direct I/O: `struct iomap_ops`.
//!
//! The page cache is not filled through iomap, which sizes its state by `mapping->host`: for
//! shared content that is not the image's inode.
//!
//! C header: [`include/linux/iomap.h`](srctree/include/linux/iomap.h)

use super::folio::MappedPage;
use super::fs_type::FileSystem;
use super::inode::Inode;
use super::inode_ops::status;
use crate::{
    bindings,
    sys::backing::{
        At,
        Backing, //
    }, //
};
use core::marker::PhantomData;
use kernel::prelude::*;

/// A range of a file: `struct iomap`.
pub(crate) struct Extent {
    /// The file offset it starts at.
    pub(crate) offset: u64,
    /// Its length in bytes.
    pub(crate) len: u64,
    /// Where it lies.
    pub(crate) place: Place,
}

/// Where an [`Extent`] lies.
pub(crate) enum Place {
    /// Nowhere: it reads as zeros.
    Hole,
    /// On a device or in a file, in one piece.
    Mapped(At),
    /// In a cluster that it is decoded from.
    Encoded {
        /// The byte of the image where the cluster starts; `None` in the packed inode.
        addr: Option<u64>,
    },
    /// In the metadata.
    Inline {
        /// The byte of the image.
        pos: u64,
        /// The byte of the source, which FIEMAP shows; `None` if the metadata is compressed.
        addr: Option<u64>,
    },
}

/// `struct iomap_ops`.
pub(crate) trait Operations: FileSystem {
    /// `->iomap_begin`: the extent that starts at `offset`, of at most `want` bytes. With `nowait`,
    /// EAGAIN where metadata must be read to say so.
    fn extent(inode: &Inode<Self>, offset: u64, want: u64, nowait: bool) -> Result<Extent>;

    /// The page of metadata that byte `pos` of the image lies in, and where in the page.
    fn metadata(inode: &Inode<Self>, pos: u64) -> Result<(MappedPage, usize)>;
}

/// The C table of `T`.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: Operations> Table<T> {
    const OPS: bindings::iomap_ops = bindings::iomap_ops {
        iomap_begin: Some(Self::iomap_begin),
        iomap_end: Some(Self::iomap_end),
        iomap_next: None,
    };

    pub(super) const fn get() -> &'static bindings::iomap_ops {
        &Self::OPS
    }

    /// # Safety
    ///
    /// Called by iomap with an inode of `T` and a map to fill in.
    unsafe extern "C" fn iomap_begin(
        inode: *mut bindings::inode,
        offset: bindings::loff_t,
        length: bindings::loff_t,
        flags: kernel::ffi::c_uint,
        iomap: *mut bindings::iomap,
        _srcmap: *mut bindings::iomap,
    ) -> kernel::ffi::c_int {
        status(|| {
            // FIEMAP and SEEK_HOLE ask for one extent after the other, and a hostile file has as
            // many as fit on its device.
            // SAFETY: looks at the current task.
            if unsafe { bindings::cofs_fatal_signal_pending() } {
                return Err(EINTR);
            }
            // SAFETY: the caller holds the inode.
            let inode = unsafe { Inode::<T>::from_raw(inode) };
            let nowait = flags & bindings::IOMAP_NOWAIT != 0;
            let extent = T::extent(inode, offset as u64, length as u64, nowait)?;
            let direct = flags & bindings::IOMAP_DIRECT != 0;
            if direct && nowait && matches!(extent.place, Place::Inline { .. }) {
                return Err(EAGAIN);
            }
            let none = core::ptr::null_mut();
            let (kind, addr, bdev) = match &extent.place {
                Place::Hole => (bindings::IOMAP_HOLE, u64::MAX, none),
                Place::Mapped(at) => {
                    let bdev = match at.backing {
                        Backing::Device(device) => device.as_ptr(),
                        Backing::File(_) => none,
                    };
                    (bindings::IOMAP_MAPPED, at.pos, bdev)
                }
                // As erofs has it: FIEMAP does not say that it is encoded.
                Place::Encoded { addr } => (bindings::IOMAP_MAPPED, addr.unwrap_or(u64::MAX), none),
                Place::Inline { addr, .. } => {
                    (bindings::IOMAP_INLINE, addr.unwrap_or(u64::MAX), none)
                }
            };
            // SAFETY: the map is ours to fill; the device is open while the inode is there.
            unsafe {
                (*iomap).type_ = kind as u16;
                (*iomap).flags = 0;
                (*iomap).addr = addr;
                (*iomap).offset = extent.offset as i64;
                (*iomap).length = extent.len;
                (*iomap).bdev = bdev;
            }
            if let (Place::Inline { pos, .. }, true) = (extent.place, direct) {
                let (page, offset) = T::metadata(inode, pos)?;
                let (folio, page) = page.into_raw();
                // SAFETY: as above; the page is mapped until `iomap_end`, and `offset` lies in it.
                unsafe {
                    (*iomap).private = folio.cast();
                    (*iomap).inline_data = page.add(offset).cast();
                }
            }
            Ok(())
        })
    }

    /// # Safety
    ///
    /// Called by iomap with a map that [`Self::iomap_begin`] filled in.
    unsafe extern "C" fn iomap_end(
        _inode: *mut bindings::inode,
        _pos: bindings::loff_t,
        _length: bindings::loff_t,
        _written: isize,
        _flags: kernel::ffi::c_uint,
        iomap: *mut bindings::iomap,
    ) -> kernel::ffi::c_int {
        // SAFETY: the map is ours.
        let (folio, data) = unsafe { ((*iomap).private, (*iomap).inline_data) };
        if !folio.is_null() {
            // SAFETY: both are from `into_raw`; unmapping takes any address in the page.
            drop(unsafe { MappedPage::from_raw(folio.cast(), data.cast()) });
        }
        0
    }

    /// `->read_iter` of a file opened with O_DIRECT.
    ///
    /// # Safety
    ///
    /// Called by the VFS with an open file of `T`.
    pub(super) unsafe fn read_direct(
        iocb: *mut bindings::kiocb,
        to: *mut bindings::iov_iter,
    ) -> isize {
        let none = core::ptr::null();
        // SAFETY: the arguments are handed through; a read needs no other operations.
        unsafe { bindings::iomap_dio_rw(iocb, to, Self::get(), none, 0, core::ptr::null_mut(), 0) }
    }

    /// `->bmap` of a file's own pages: which block of the device a block is, 0 where none is.
    ///
    /// # Safety
    ///
    /// Called by the VFS with the mapping of an inode of `T`.
    pub(super) unsafe extern "C" fn bmap(
        mapping: *mut bindings::address_space,
        block: bindings::sector_t,
    ) -> bindings::sector_t {
        // SAFETY: the arguments are handed through.
        unsafe { bindings::iomap_bmap(mapping, block, Self::get()) }
    }

    /// `->fiemap`.
    ///
    /// # Safety
    ///
    /// Called by the VFS with an inode of `T`.
    pub(super) unsafe extern "C" fn fiemap(
        inode: *mut bindings::inode,
        info: *mut bindings::fiemap_extent_info,
        start: u64,
        len: u64,
    ) -> kernel::ffi::c_int {
        // SAFETY: the arguments are handed through.
        unsafe { bindings::iomap_fiemap(inode, info, start, len, Self::get()) }
    }

    /// `->llseek` of a regular file.
    ///
    /// # Safety
    ///
    /// Called by the VFS with an open file of `T`.
    pub(super) unsafe extern "C" fn llseek(
        file: *mut bindings::file,
        offset: bindings::loff_t,
        whence: kernel::ffi::c_int,
    ) -> bindings::loff_t {
        // SAFETY: the file pins its inode and super block.
        unsafe {
            let inode = (*file).f_inode;
            let found = match whence as u32 {
                bindings::SEEK_HOLE => bindings::iomap_seek_hole(inode, offset, Self::get()),
                bindings::SEEK_DATA => bindings::iomap_seek_data(inode, offset, Self::get()),
                _ => return bindings::generic_file_llseek(file, offset, whence),
            };
            if found < 0 {
                return found;
            }
            bindings::vfs_setpos(file, found, (*(*inode).i_sb).s_maxbytes)
        }
    }
}
