// SPDX-License-Identifier: GPL-2.0

//! What the tests share: trees and images of them, and the comparison of the two.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod compare;
pub(crate) mod content;
pub(crate) mod work;
