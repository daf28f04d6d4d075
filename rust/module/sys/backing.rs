// SPDX-License-Identifier: GPL-2.0

//! What an image lies on: a block device, or a file on another file system.
//!
//! C headers: [`include/linux/blkdev.h`](srctree/include/linux/blkdev.h),
//! [`include/linux/fs.h`](srctree/include/linux/fs.h)

use crate::{
    bindings,
    vfs::{
        address_space::AddressSpace,
        folio::MappedPage, //
    }, //
};
use core::{
    ops::Range,
    ptr::NonNull, //
};
use kernel::{
    error::to_result,
    page::PAGE_SIZE,
    prelude::*, //
};

/// Where an image lies.
///
/// # Invariants
///
/// The device or file is open while anyone may read from it: its owner closes it only after the
/// last reader is gone.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Backing {
    /// On a block device.
    Device(Device),
    /// In a regular file.
    File(BackingFile),
}

impl Backing {
    /// Page `index` of the image, for its metadata. May sleep.
    pub(crate) fn read_page(&self, index: u64) -> Result<MappedPage> {
        match self {
            Self::Device(device) => device.mapping().read_page(index, None),
            Self::File(file) => file.read_page(index),
        }
    }

    /// Whether data may stay in its page cache.
    pub(crate) fn may_keep(&self) -> bool {
        match self {
            Self::Device(_) => true,
            Self::File(file) => !file.direct,
        }
    }

    fn mapping(&self) -> (&AddressSpace, Option<NonNull<bindings::file>>) {
        match self {
            Self::Device(device) => (device.mapping(), None),
            Self::File(file) => (file.mapping(), Some(file.file)),
        }
    }

    /// The first of `pages` that is not in its page cache; their end if all are.
    pub(crate) fn first_unread(&self, pages: Range<u64>) -> u64 {
        self.mapping().0.first_unread(pages)
    }

    /// Starts to read those of `pages` that are not in its page cache.
    pub(crate) fn read_ahead(&self, pages: Range<u64>) {
        let (mapping, file) = self.mapping();
        let first = mapping.first_unread(pages.clone());
        if first < pages.end {
            mapping.read_ahead(first..pages.end, file);
        }
    }

    /// Whether what it gives has been verified below: by dm-verity, or fs-verity.
    pub(crate) fn is_verity(&self) -> bool {
        // SAFETY: both are open.
        unsafe {
            match self {
                Self::Device(device) => bindings::cofs_bdev_is_verity(device.as_ptr()),
                Self::File(file) => bindings::cofs_file_is_verity(file.as_ptr()),
            }
        }
    }

    /// How many bytes it has now.
    pub(crate) fn size(&self) -> u64 {
        self.mapping().0.size()
    }
}

/// A range of bytes on a device or in a file.
#[derive(Clone, Copy)]
pub(crate) struct At {
    /// Which one.
    pub(crate) backing: Backing,
    /// The first byte.
    pub(crate) pos: u64,
    /// How many there are.
    pub(crate) len: u64,
}

/// An open block device.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Device(NonNull<bindings::block_device>);

// SAFETY: block devices may be used from any thread.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

impl Device {
    /// # Safety
    ///
    /// `bdev` must be open and not null, and stay so as [`Backing`] demands.
    pub(crate) unsafe fn from_raw(bdev: *mut bindings::block_device) -> Self {
        // SAFETY: by the function's requirement.
        Self(unsafe { NonNull::new_unchecked(bdev) })
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::block_device {
        self.0.as_ptr()
    }

    /// The alignment that the device wants of memory, in bytes.
    pub(crate) fn memory_align(&self) -> u32 {
        // SAFETY: the device is open.
        unsafe { bindings::cofs_bdev_memory_align(self.as_ptr()) }
    }

    /// The size of the device's sectors in bytes.
    pub(crate) fn sector(&self) -> u32 {
        // SAFETY: the device is open.
        unsafe { bindings::cofs_bdev_logical_block_size(self.as_ptr()) }
    }

    fn mapping(&self) -> &AddressSpace {
        // SAFETY: the device is open.
        unsafe { AddressSpace::from_raw((*self.as_ptr()).bd_mapping) }
    }
}

/// An open regular file, and how to read it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct BackingFile {
    file: NonNull<bindings::file>,
    direct: bool,
}

// SAFETY: open files may be used from any thread.
unsafe impl Send for BackingFile {}
// SAFETY: as above.
unsafe impl Sync for BackingFile {}

impl BackingFile {
    /// With `direct`, data is read past the file's page cache where its file system can.
    ///
    /// # Safety
    ///
    /// `file` must be open and not null, and stay so as [`Backing`] demands.
    pub(crate) unsafe fn from_raw(file: *mut bindings::file, direct: bool) -> Self {
        Self {
            // SAFETY: by the function's requirement.
            file: unsafe { NonNull::new_unchecked(file) },
            direct,
        }
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::file {
        self.file.as_ptr()
    }

    /// `ki_flags` for reads of data: direct, or buffered without staying in the cache of the
    /// backing file, which would keep everything twice.
    pub(super) fn read_flags(&self) -> i32 {
        // SAFETY: the file is open.
        let (mode, fop_flags) =
            unsafe { ((*self.as_ptr()).f_mode, (*(*self.as_ptr()).f_op).fop_flags) };
        if self.direct && mode & bindings::COFS_FMODE_CAN_ODIRECT != 0 {
            bindings::IOCB_DIRECT as i32
        } else if fop_flags & bindings::COFS_FOP_DONTCACHE != 0 {
            bindings::COFS_IOCB_DONTCACHE as i32
        } else {
            0
        }
    }

    fn read_page(&self, index: u64) -> Result<MappedPage> {
        let mut pos = index
            .checked_mul(PAGE_SIZE as u64)
            .and_then(|pos| i64::try_from(pos).ok())
            .ok_or(EINVAL)?;
        let read = bindings::READ as i32;
        // SAFETY: the file is open, and `pos` is ours.
        to_result(unsafe {
            bindings::rw_verify_area(read, self.as_ptr(), &raw mut pos, PAGE_SIZE)
        })?;
        self.mapping().read_page(index, Some(self.file))
    }

    fn mapping(&self) -> &AddressSpace {
        // SAFETY: the file is open.
        unsafe { AddressSpace::from_raw((*self.as_ptr()).f_mapping) }
    }
}
