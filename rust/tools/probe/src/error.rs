// SPDX-License-Identifier: GPL-2.0
//! One error type for the whole program: a sentence, because a test log is its only reader.

use rustix::io::Errno;

pub(crate) type Result<T> = std::result::Result<T, String>;

/// Says what was attempted when a call failed.
pub(crate) trait Context<T> {
    fn what(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Context<T> for std::result::Result<T, Errno> {
    fn what(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| format!("{}: {}", what(), name(e)))
    }
}

impl<T> Context<T> for std::io::Result<T> {
    fn what(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| format!("{}: {}", what(), io_name(&e)))
    }
}

/// The symbolic name of an error number, as the shell tests compare it.
pub(crate) fn name(errno: Errno) -> String {
    let number = errno.raw_os_error();
    NAMES
        .iter()
        .find(|(n, _)| *n == number)
        .map_or_else(|| format!("E{number}"), |(_, s)| (*s).to_string())
}

pub(crate) fn io_name(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(n) => name(Errno::from_raw_os_error(n)),
        None => error.to_string(),
    }
}

/// "ok" or the error's name: the form in which two outcomes are compared.
pub(crate) fn outcome<T>(result: std::result::Result<T, Errno>) -> String {
    result.map_or_else(name, |_| "ok".to_string())
}

macro_rules! names {
    ($($n:ident)*) => { &[$((libc::$n, stringify!($n))),*] };
}

const NAMES: &[(i32, &str)] = names! {
    EPERM ENOENT EINTR EIO ENXIO E2BIG EBADF EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST
    EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE ENOTTY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE
    ERANGE ENAMETOOLONG ENOSYS ELOOP ENODATA EBADMSG EOVERFLOW EOPNOTSUPP ESTALE EUCLEAN ETXTBSY
};
