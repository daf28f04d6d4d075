// SPDX-License-Identifier: GPL-2.0

//! C names: those of the kernel crate, and what bindgen adds for this module.
//!
//! Only `vfs/` and `sys/` may use this.

#![allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    clippy::cast_lossless,
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    improper_ctypes
)]
#![cfg_attr(CONFIG_RUSTC_HAS_UNNECESSARY_TRANSMUTES, allow(unnecessary_transmutes))]

pub(crate) use kernel::bindings::*;

/// The kernel crate knows this only by name; the definition below is bindgen's own.
pub(crate) type opaque_fs_context = kernel::bindings::fs_context;

/// As above.
pub(crate) type opaque_kstatfs = kernel::bindings::kstatfs;

include!(concat!(
    env!("COFS_OBJ"),
    "/rust/bindings/bindings_generated.rs"
));
