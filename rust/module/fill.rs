// SPDX-License-Identifier: GPL-2.0

//! The way of a read, from the page cache's request to uptodate folios.
//!
//! ```text
//! readahead  locked folios come in, with the image that is to fill them
//!   -> map     file range -> extents
//!   -> source  extents on the device -> bios
//!   -> decode  holes and tails in the metadata -> bytes in the folio
//!   -> end     the last piece unlocks the folio; the mount's count goes down
//! ```
//!
//! Folios of one window are locked while metadata folios are read: data waits for metadata, never
//! the other way round, for metadata belongs to the device's own mapping.

pub(crate) mod cluster;
pub(crate) mod decode;
pub(crate) mod end;
pub(crate) mod gather;
pub(crate) mod map;
pub(crate) mod pages;
pub(crate) mod readahead;
pub(crate) mod source;
pub(crate) mod window;
