// SPDX-License-Identifier: GPL-2.0
//! fanotify(7): errors of a whole filesystem.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::{Errno, Result};

use super::check;

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ErrorEvent {
    pub(crate) errno: i32,
    /// How many errors it stands for.
    pub(crate) count: u32,
    /// The handle of the inode: its type, and its bytes.
    pub(crate) handle: Option<(i32, Vec<u8>)>,
}

/// A group that watches one filesystem for FAN_FS_ERROR.
pub(crate) struct Errors(OwnedFd);

impl Errors {
    pub(crate) fn watch(dir: &Path) -> Result<Errors> {
        let path = CString::new(dir.as_os_str().as_bytes()).map_err(|_| Errno::INVAL)?;
        let flags =
            libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_FID | libc::FAN_NONBLOCK | libc::FAN_CLOEXEC;
        // SAFETY: the path is a C string; the new descriptor has no other owner.
        unsafe {
            let fd = check(libc::fanotify_init(flags, 0).into())?;
            let group = OwnedFd::from_raw_fd(fd as i32);
            let what = libc::FAN_MARK_ADD | libc::FAN_MARK_FILESYSTEM;
            let (mask, here) = (libc::FAN_FS_ERROR, libc::AT_FDCWD);
            check(libc::fanotify_mark(group.as_raw_fd(), what, mask, here, path.as_ptr()).into())?;
            Ok(Errors(group))
        }
    }

    /// The events so far.
    pub(crate) fn take(&self) -> Result<Vec<ErrorEvent>> {
        let mut events = Vec::new();
        let mut buffer = vec![0u8; 1 << 16];
        loop {
            let len = match rustix::io::read(self.0.as_fd(), &mut buffer[..]) {
                Ok(len) => len,
                Err(Errno::AGAIN) => return Ok(events),
                Err(e) => return Err(e),
            };
            let mut left = &buffer[..len];
            while let Some(event_len) = word(left, 0) {
                let (event, rest) = left
                    .split_at_checked(event_len as usize)
                    .ok_or(Errno::INVAL)?;
                events.push(parse(event).ok_or(Errno::INVAL)?);
                left = rest;
            }
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

/// `struct fanotify_event_metadata`, and behind it records that start with a type and a length.
fn parse(event: &[u8]) -> Option<ErrorEvent> {
    let mut parsed = ErrorEvent {
        errno: 0,
        count: 0,
        handle: None,
    };
    let metadata_len = usize::from(*event.get(6)?) | (usize::from(*event.get(7)?) << 8);
    let mut records = event.get(metadata_len..)?;
    while let Some(head) = word(records, 0) {
        let (record, rest) = records.split_at_checked((head >> 16) as usize)?;
        match (head & 0xff) as u8 {
            libc::FAN_EVENT_INFO_TYPE_ERROR => {
                parsed.errno = word(record, 4)? as i32;
                parsed.count = word(record, 8)?;
            }
            // The type, then the filesystem's id, then a `struct file_handle`.
            libc::FAN_EVENT_INFO_TYPE_FID => {
                let len = word(record, 12)? as usize;
                let bytes = record.get(20..20 + len)?.to_vec();
                parsed.handle = Some((word(record, 16)? as i32, bytes));
            }
            _ => {}
        }
        records = rest;
    }
    Some(parsed)
}

/// name_to_handle_at(2): the type and the bytes.
pub(crate) fn handle(path: &Path) -> Result<(i32, Vec<u8>)> {
    #[repr(C)]
    struct FileHandle {
        bytes: u32,
        kind: i32,
        data: [u8; 128],
    }
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::INVAL)?;
    let mut handle = FileHandle {
        bytes: 128,
        kind: 0,
        data: [0; 128],
    };
    let mut mount = 0i32;
    // SAFETY: the path is a C string, and the handle has room for what it says.
    check(unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            libc::AT_FDCWD,
            path.as_ptr(),
            &mut handle,
            &mut mount,
            0,
        )
    })?;
    Ok((handle.kind, handle.data[..handle.bytes as usize].to_vec()))
}
