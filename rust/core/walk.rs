// SPDX-License-Identifier: GPL-2.0

//! Directories: search by name, and iteration.

pub mod lookup;
pub mod readdir;
