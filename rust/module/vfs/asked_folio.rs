// SPDX-License-Identifier: GPL-2.0

//! The folio that `->read_folio` is asked for. Its filling unlocks it, and the caller waits for
//! that; whoever knows another way to fill it waits here, in the caller's stead.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use super::{
    address_space::AddressSpace,
    folio::LockedFolio, //
};
use crate::bindings;
use core::ptr::NonNull;

/// A folio whose filling is under way or over.
///
/// # Invariants
///
/// `folio` is referenced, and has been in `mapping`.
pub(crate) struct AskedFolio<'a> {
    folio: NonNull<bindings::folio>,
    mapping: &'a AddressSpace,
}

/// What came of a filling.
pub(crate) enum Outcome {
    /// The folio is uptodate.
    Filled,
    /// It is not, and is locked again.
    Failed(LockedFolio),
    /// It has left the mapping, or a signal kills this thread.
    Over,
}

impl<'a> AskedFolio<'a> {
    /// # Safety
    ///
    /// `folio` must be referenced for `'a`, and be in `mapping`, locked.
    pub(super) unsafe fn from_raw(
        folio: NonNull<bindings::folio>,
        mapping: &'a AddressSpace,
    ) -> Self {
        // INVARIANT: by the function's requirement.
        Self { folio, mapping }
    }

    /// Waits for the end of the filling, and takes the lock of a folio that it did not fill. The
    /// caller must have handed on, or dropped, the folio's lock.
    pub(crate) fn outcome(&self) -> Outcome {
        let folio = self.folio.as_ptr();
        // SAFETY: the folio is referenced by the type invariant, which is all that these ask for;
        // once it is locked, it stays in its mapping. What was just locked is ours to unlock.
        unsafe {
            if bindings::cofs_folio_wait_locked_killable(folio) != 0 {
                return Outcome::Over;
            }
            if bindings::cofs_folio_test_uptodate(folio) {
                return Outcome::Filled;
            }
            if bindings::cofs_folio_lock_killable(folio) != 0 {
                return Outcome::Over;
            }
            let outcome = if bindings::cofs_folio_test_uptodate(folio) {
                Outcome::Filled
            } else if (*folio).__bindgen_anon_1.__bindgen_anon_1.mapping != self.mapping.as_ptr() {
                Outcome::Over
            } else {
                return Outcome::Failed(LockedFolio::from_raw(self.folio));
            };
            bindings::folio_unlock(folio);
            outcome
        }
    }
}
