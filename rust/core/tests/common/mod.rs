// SPDX-License-Identifier: GPL-2.0

//! What the integration tests share: images made by hand, and pages in memory.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod compare;
pub(crate) mod full;
pub(crate) mod image;
pub(crate) mod index;
pub(crate) mod pages;
pub(crate) mod walk;
