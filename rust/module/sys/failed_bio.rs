// SPDX-License-Identifier: GPL-2.0

//! Bios that failed end in a worker: whoever is told of it may sleep there, and take locks that
//! are none of an interrupt's.

use super::retry;
use crate::bindings;
use core::ptr::NonNull;
use kernel::sync::atomic::{
    Atomic,
    Full,
    Relaxed, //
};

/// The list's head: the address of a bio, 0 where there is none. `bi_next` links them, which is
/// the owner's once a bio has ended.
static HEAD: Atomic<usize> = Atomic::new(0);

/// Has the worker call `end` with `bio`. Any context.
///
/// # Safety
///
/// The bio has ended, and is the caller's; its owner keeps a mount alive until `end` is through.
pub(super) unsafe fn later(
    bio: NonNull<bindings::bio>,
    end: unsafe extern "C" fn(*mut bindings::bio),
) {
    // SAFETY: by the function's requirement.
    unsafe { (*bio.as_ptr()).bi_end_io = Some(end) };
    let mut head = HEAD.load(Relaxed);
    loop {
        // SAFETY: as above.
        unsafe { (*bio.as_ptr()).bi_next = core::ptr::with_exposed_provenance_mut(head) };
        match HEAD.cmpxchg(head, bio.as_ptr().expose_provenance(), Full) {
            Ok(_) => break,
            Err(now) => head = now,
        }
    }
    retry::wake();
}

/// Ends all bios that are on the list.
pub(super) fn end_all() {
    let mut at = core::ptr::with_exposed_provenance_mut::<bindings::bio>(HEAD.xchg(0, Full));
    while !at.is_null() {
        // SAFETY: bios on the list are ours, and carry their end; what links them is a bio or null.
        unsafe {
            let bio = at;
            at = (*bio).bi_next;
            (*bio).bi_next = core::ptr::null_mut();
            if let Some(end) = (*bio).bi_end_io {
                end(bio);
            }
        }
    }
}
