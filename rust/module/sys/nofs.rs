// SPDX-License-Identifier: GPL-2.0

//! Allocations that must not enter file systems for memory.
//!
//! C header: [`include/linux/sched/mm.h`](srctree/include/linux/sched/mm.h)

use crate::bindings;
use kernel::types::NotThreadSafe;

/// While it lives, this task's allocations are GFP_NOFS.
#[must_use = "the scope ends when the guard is dropped"]
pub(crate) struct Scope {
    flags: u32,
    _task: NotThreadSafe,
}

impl Scope {
    /// Opens the scope.
    pub(crate) fn new() -> Self {
        Self {
            // SAFETY: changes a flag of the current task.
            flags: unsafe { bindings::cofs_memalloc_nofs_save() },
            _task: NotThreadSafe,
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // SAFETY: the same task; scopes end in reverse order, as values are dropped.
        unsafe { bindings::cofs_memalloc_nofs_restore(self.flags) };
    }
}
