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
//! That of a compressed file, whose folios somebody is to decode:
//!
//! ```text
//! readahead  locked folios come in
//!   -> widen   more of them, so that clusters are not decoded twice
//!   -> gather  file range -> clusters -> bios
//!   -> cluster where the bytes of each are read to
//!   -> window  what is under way, until somebody needs it
//!   -> join    what two windows have a part of goes to one of them
//!   -> decode  cluster -> bytes in the folios, on the thread that needs them
//! ```
//!
//! Folios of one window are locked while metadata folios are read: data waits for metadata, never
//! the other way round, for metadata belongs to the device's own mapping.

pub(crate) mod cluster;
pub(crate) mod decode;
pub(crate) mod end;
pub(crate) mod gather;
pub(crate) mod join;
pub(crate) mod keep;
pub(crate) mod map;
pub(crate) mod pages;
pub(crate) mod readahead;
pub(crate) mod source;
pub(crate) mod widen;
pub(crate) mod window;
