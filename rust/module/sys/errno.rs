// SPDX-License-Identifier: GPL-2.0

//! Errnos for which the kernel crate has no names.
//!
//! C header: [`include/uapi/asm-generic/errno.h`](srctree/include/uapi/asm-generic/errno.h)

use crate::bindings;
use kernel::prelude::*;

fn error(errno: u32) -> Error {
    Error::from_errno((errno as i32).wrapping_neg())
}

/// EUCLEAN, which file systems call EFSCORRUPTED: structure needs cleaning.
pub(crate) fn corrupted() -> Error {
    error(bindings::EUCLEAN)
}

/// EOPNOTSUPP: operation not supported.
pub(crate) fn unsupported() -> Error {
    error(bindings::EOPNOTSUPP)
}

/// EBADMSG: not a data message.
pub(crate) fn bad_message() -> Error {
    error(bindings::EBADMSG)
}

/// ENODATA: no data available.
pub(crate) fn no_data() -> Error {
    error(bindings::ENODATA)
}

/// ENAMETOOLONG: file name too long.
pub(crate) fn name_too_long() -> Error {
    error(bindings::ENAMETOOLONG)
}
