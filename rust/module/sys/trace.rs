// SPDX-License-Identifier: GPL-2.0

//! Events for tracefs. One that is off is a jump that is not there.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)

use crate::bindings;
use core::ops::Range;
use kernel::prelude::*;

/// Calls an event's code, for a file of an image, if it is on.
macro_rules! event {
    ($point:ident, $call:ident ( $of:ident, $($argument:expr),* )) => {{
        // SAFETY: the tracepoint is defined in C.
        let on = unsafe {
            kernel::jump_label::static_branch_unlikely!(
                bindings::$point,
                bindings::tracepoint,
                key
            )
        };
        if on {
            // SAFETY: numbers, and a C string that lives for the call.
            unsafe {
                bindings::$call($of.content, $of.image.as_char_ptr(), $of.nid, $($argument),*)
            };
        }
    }};
}

/// A file of an image.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    /// The content that it is bound to, by the number of its inode.
    pub(crate) content: u64,
    /// What its mount is called.
    pub(crate) image: &'a CStr,
    /// Its number there.
    pub(crate) nid: u64,
}

/// What hashing content came to.
#[derive(Clone, Copy)]
pub(crate) enum Hashed {
    /// What its fingerprint says.
    Same = 0,
    /// Something else.
    Other = 1,
    /// It could not be read.
    Unread = 2,
}

fn len(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// A file was bound to content, which has so many `sharers` now.
pub(crate) fn adopt(of: Of<'_>, sharers: u64) {
    event!(
        __tracepoint_cofs_adopt,
        rust_do_trace_cofs_adopt(of, sharers)
    );
}

/// It is asked to fill `range`.
pub(crate) fn fill(of: Of<'_>, range: Range<u64>) {
    event!(
        __tracepoint_cofs_fill,
        rust_do_trace_cofs_fill(of, range.start, len(&range))
    );
}

/// It has filled `range`, which another could not.
pub(crate) fn failover(of: Of<'_>, range: Range<u64>) {
    event!(
        __tracepoint_cofs_failover,
        rust_do_trace_cofs_failover(of, range.start, len(&range))
    );
}

/// It gave other bytes for `range` than those that were verified.
pub(crate) fn mismatch(of: Of<'_>, range: Range<u64>) {
    event!(
        __tracepoint_cofs_mismatch,
        rust_do_trace_cofs_mismatch(of, range.start, len(&range))
    );
}

/// It was hashed.
pub(crate) fn verify(of: Of<'_>, size: u64, outcome: Hashed) {
    event!(
        __tracepoint_cofs_verify,
        rust_do_trace_cofs_verify(of, size, outcome as u32)
    );
}
