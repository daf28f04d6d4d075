// SPDX-License-Identifier: GPL-2.0
//! Why a command ends early.

use std::fmt::Display;
use std::io;

use cofs_core::Error;

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads the output any more.
    Closed,
    /// There is no such image, or not one that can be read: told in a line, too.
    Image(String),
    /// What is told in a line.
    Because(String),
}

impl Failure {
    /// `what: cause`
    pub(crate) fn of(what: impl Display, cause: impl Display) -> Self {
        Failure::Because(format!("{what}: {cause}"))
    }
}

/// Of writing to stdout, which is the only place where they come from without a name.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::of("cannot write the output", error),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

/// What is wrong with an image, or with a part of it.
pub(crate) fn text(error: Error) -> String {
    match error {
        Error::Corrupt(text) | Error::Invalid(text) | Error::Unsupported(text) => text.into(),
        Error::BadChecksum => "the checksum of the superblock is wrong".into(),
        Error::NoData => "there is no such attribute".into(),
        Error::Range => "a number is out of range".into(),
        Error::NameTooLong => "a name is too long".into(),
        Error::NoDevice => "it lies on a device that was not given".into(),
        Error::IO => "it cannot be read, or lies behind the end of its device".into(),
        Error::Source(number) => io::Error::from_raw_os_error(number).to_string(),
    }
}
