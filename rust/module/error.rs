// SPDX-License-Identifier: GPL-2.0

//! From what is wrong with an image to an errno.

use crate::sys::errno;
use kernel::prelude::*;

/// The errno of `error`, the same that erofs gives.
pub(crate) fn from_core(error: cofs_core::Error) -> Error {
    use cofs_core::Error as E;
    match error {
        E::Corrupt(_) => errno::corrupted(),
        E::Invalid(_) => EINVAL,
        E::Unsupported(_) => errno::unsupported(),
        E::BadChecksum => errno::bad_message(),
        E::NoData => errno::no_data(),
        E::Range => ERANGE,
        E::NameTooLong => errno::name_too_long(),
        E::NoDevice => ENODEV,
        E::Source(errno) => Error::from_errno(errno.saturating_neg()),
    }
}

/// The core's word for an error of the page cache.
pub(crate) fn to_core(error: Error) -> cofs_core::Error {
    cofs_core::Error::Source(error.to_errno().saturating_neg())
}

/// What is wrong, in words that complete a message.
pub(crate) fn text(error: cofs_core::Error) -> &'static str {
    use cofs_core::Error as E;
    match error {
        E::Corrupt(text) | E::Invalid(text) | E::Unsupported(text) => text,
        E::BadChecksum => "the superblock's checksum is wrong",
        E::NoData => "there is no such attribute",
        E::Range => "a value exceeds its bound",
        E::NameTooLong => "a name is too long",
        E::NoDevice => "data lies on a device that the image does not have",
        E::Source(_) => "the device cannot be read",
    }
}

/// Whether a source failed for a reason that lies in the device, not in the reader.
pub(crate) fn is_device(errno: i32) -> bool {
    let e = Error::from_errno(errno.saturating_neg());
    e == EIO || e == ENXIO
}
