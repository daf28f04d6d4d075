// SPDX-License-Identifier: GPL-2.0

//! The crate's error type. The kernel half maps each variant to one errno, in one place.

/// The result of everything in this crate that reads an image.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Why an image, or one object of it, cannot be used.
///
/// Variants are chosen so that the errno is the one the in-tree erofs returns for the same image.
/// Each text completes a log line of the form `cofs: (device): text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The image contradicts itself (`EUCLEAN`).
    Corrupt(&'static str),
    /// Not an image, or one that is refused as a whole (`EINVAL`).
    Invalid(&'static str),
    /// A well-formed image that uses what is not implemented (`EOPNOTSUPP`).
    Unsupported(&'static str),
    /// The superblock's checksum is wrong (`EBADMSG`).
    BadChecksum,
    /// No such extended attribute (`ENODATA`).
    NoData,
    /// The caller's buffer is too small, or a value exceeds a fixed bound (`ERANGE`).
    Range,
    /// A name longer than the format can hold (`ENAMETOOLONG`).
    NameTooLong,
    /// Data lies on a device which the image does not have (`ENODEV`).
    NoDevice,
    /// The page source failed with this positive errno.
    Source(i32),
}

impl Error {
    /// What a page source reports when a page cannot be read: `EIO`.
    pub const IO: Error = Error::Source(5);
}
