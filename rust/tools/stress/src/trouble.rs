// SPDX-License-Identifier: GPL-2.0
//! What may come of an operation beside bytes.

use rustix::io::Errno;

/// For what ends the program: a sentence.
pub(crate) type Result<T> = std::result::Result<T, String>;

#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nothing is mounted there now.
    Gone,
    /// An error, which an injected fault excuses.
    Failed(String, Errno),
    /// What nothing excuses: bytes or names that differ from the golden list.
    Wrong(String),
}

/// How an operation ends: the bytes that it compared, or trouble.
pub(crate) type Step = std::result::Result<u64, Trouble>;

pub(crate) trait Context<T> {
    /// Says what was attempted when a call failed.
    fn what(self, what: impl FnOnce() -> String) -> std::result::Result<T, Trouble>;
    /// The same as a sentence.
    fn text(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Context<T> for std::result::Result<T, Errno> {
    fn what(self, what: impl FnOnce() -> String) -> std::result::Result<T, Trouble> {
        self.map_err(|errno| Trouble::Failed(what(), errno))
    }

    fn text(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|errno| format!("{}: {errno}", what()))
    }
}

impl<T> Context<T> for std::io::Result<T> {
    fn what(self, what: impl FnOnce() -> String) -> std::result::Result<T, Trouble> {
        self.map_err(|e| Trouble::Failed(what(), Errno::from_io_error(&e).unwrap_or(Errno::IO)))
    }

    fn text(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| format!("{}: {e}", what()))
    }
}
