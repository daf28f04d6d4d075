// SPDX-License-Identifier: GPL-2.0

//! The policy of sharing: which files are one content.

pub mod fingerprint;
