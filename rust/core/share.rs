// SPDX-License-Identifier: GPL-2.0

//! The policy of sharing: which files are one content, and how much of it stays.

pub mod fingerprint;
pub mod linger;
