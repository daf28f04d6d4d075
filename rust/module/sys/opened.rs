// SPDX-License-Identifier: GPL-2.0

//! What a mount opens besides its source, and keeps open: extra devices.
//!
//! C header: [`include/linux/blkdev.h`](srctree/include/linux/blkdev.h)

use super::backing::{
    Backing,
    BackingFile,
    Device, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    error::from_err_ptr,
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};

/// An open file or block device; closed when dropped, which may sleep.
pub(crate) enum Opened {
    /// A regular file.
    File(ARef<File>),
    /// A block device.
    Device(OpenedDevice),
}

/// The file that stands for an open block device.
///
/// # Invariants
///
/// It is from `bdev_file_open_by_path()`, and ours.
pub(crate) struct OpenedDevice(NonNull<bindings::file>);

// SAFETY: open block devices may be used and closed from any thread.
unsafe impl Send for OpenedDevice {}
// SAFETY: as above.
unsafe impl Sync for OpenedDevice {}

impl Drop for OpenedDevice {
    fn drop(&mut self) {
        // SAFETY: by the type invariant. This gives up the claim at once, not when the file ends.
        unsafe { bindings::bdev_fput(self.0.as_ptr()) };
    }
}

impl Opened {
    /// Opens a block device for reading. `holder` has it, alone, as often as it likes.
    ///
    /// # Safety
    ///
    /// The result must be dropped before what `holder` points to goes.
    pub(crate) unsafe fn device(path: &CStr, holder: *mut kernel::ffi::c_void) -> Result<Self> {
        let (mode, no_operations) = (bindings::COFS_BLK_OPEN_READ, core::ptr::null());
        // SAFETY: the path is a C string; the holder is only compared, and is no super block, so
        // that it needs no operations.
        let file = from_err_ptr(unsafe {
            bindings::bdev_file_open_by_path(path.as_char_ptr(), mode, holder, no_operations)
        })?;
        // SAFETY: it is neither null nor an error.
        let file = unsafe { NonNull::new_unchecked(file) };
        // INVARIANT: just opened.
        Ok(Self::Device(OpenedDevice(file)))
    }

    /// Opens a regular file for reading: EINVAL for anything else.
    pub(crate) fn file(path: &CStr) -> Result<Self> {
        // A fifo would wait for its other end.
        let flags = bindings::O_RDONLY | bindings::O_LARGEFILE | bindings::O_NONBLOCK;
        // SAFETY: the path is a C string.
        let file = unsafe { bindings::filp_open(path.as_char_ptr(), flags as i32, 0) };
        let file = from_err_ptr(file)?;
        // SAFETY: the file is open and ours; nobody uses its position. CAST: `File` is
        // transparent.
        let opened = unsafe { ARef::<File>::from_raw(NonNull::new_unchecked(file.cast())) };
        // SAFETY: as above. Nobody else has seen the file, so that nobody changes its flags.
        let mode = unsafe {
            (*file).f_flags &= !bindings::O_NONBLOCK;
            (*(*file).f_inode).i_mode
        };
        if mode & bindings::S_IFMT as u16 != bindings::S_IFREG as u16 {
            return Err(EINVAL);
        }
        Ok(Self::File(opened))
    }

    /// What to read from; `direct` concerns files.
    ///
    /// # Safety
    ///
    /// The result must not be used after `self` is dropped.
    pub(crate) unsafe fn backing(&self, direct: bool) -> Backing {
        match self {
            Self::File(file) => {
                // SAFETY: the file is open, by the function's requirement for long enough.
                Backing::File(unsafe { BackingFile::from_raw(file.as_ptr(), direct) })
            }
            Self::Device(device) => {
                // SAFETY: as above, for the device.
                Backing::Device(unsafe { Device::from_raw(bindings::file_bdev(device.0.as_ptr())) })
            }
        }
    }

    /// The file, if it is one.
    pub(crate) fn as_file(&self) -> Option<*mut bindings::file> {
        match self {
            Self::File(file) => Some(file.as_ptr()),
            Self::Device(_) => None,
        }
    }
}
