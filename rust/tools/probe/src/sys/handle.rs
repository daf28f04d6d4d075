// SPDX-License-Identifier: GPL-2.0
//! File handles.

use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::{Errno, Result};

use super::check;

/// MAX_HANDLE_SZ
const LARGEST: usize = 128;

#[repr(C)]
struct Raw {
    len: u32,
    kind: i32,
    bytes: [u8; LARGEST],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    pub(crate) kind: i32,
    pub(crate) bytes: Vec<u8>,
}

impl Handle {
    /// name_to_handle_at(2), with room for `room` bytes.
    pub(crate) fn of(dir: BorrowedFd<'_>, path: &Path, flags: i32, room: usize) -> Result<Handle> {
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::INVAL)?;
        let mut mount = 0i32;
        let mut raw = Raw {
            len: room.min(LARGEST) as u32,
            kind: 0,
            bytes: [0; LARGEST],
        };
        // SAFETY: the path is a C string, and `raw` has room for the bytes that `len` announces.
        let rc = unsafe {
            libc::name_to_handle_at(
                dir.as_raw_fd(),
                path.as_ptr(),
                (&raw mut raw).cast(),
                &mut mount,
                flags,
            )
        };
        check(rc.into())?;
        let len = LARGEST.min(raw.len as usize);
        Ok(Handle {
            kind: raw.kind,
            bytes: raw.bytes[..len].to_vec(),
        })
    }

    /// open_by_handle_at(2).
    pub(crate) fn open(&self, mount: BorrowedFd<'_>, flags: i32) -> Result<OwnedFd> {
        let mut raw = Raw {
            len: self.bytes.len().min(LARGEST) as u32,
            kind: self.kind,
            bytes: [0; LARGEST],
        };
        raw.bytes[..raw.len as usize].copy_from_slice(&self.bytes[..raw.len as usize]);
        // SAFETY: `raw` has the bytes that `len` announces; the new descriptor has no other owner.
        unsafe {
            let handle = (&raw mut raw).cast();
            let fd = check(libc::open_by_handle_at(mount.as_raw_fd(), handle, flags).into())?;
            Ok(OwnedFd::from_raw_fd(fd as i32))
        }
    }
}
