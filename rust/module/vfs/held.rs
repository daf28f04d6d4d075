// SPDX-License-Identifier: GPL-2.0

//! Inodes that their own super block holds, as long as any other inode is there.

use super::fs_type::FileSystem;
use super::inode::Inode;
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::sync::{
    aref::ARef,
    atomic::{
        Acquire,
        Atomic,
        Full, //
    }, //
};

/// An inode that what a super block carries holds.
///
/// It is there for whoever holds another inode of the super block, or is a reader whom
/// [`FileSystem::kill`] waits for: nobody else asks for it.
///
/// # Invariants
///
/// `inode` is null, or owns a reference until [`Self::release`].
pub(crate) struct Held<T: FileSystem> {
    inode: Atomic<*mut Inode<T>>,
    _owned: PhantomData<ARef<Inode<T>>>,
}

// SAFETY: inodes are shared between threads, and their references may be dropped by any.
unsafe impl<T: FileSystem> Send for Held<T> {}
// SAFETY: as above.
unsafe impl<T: FileSystem> Sync for Held<T> {}

impl<T: FileSystem> Held<T> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            inode: Atomic::new(core::ptr::null_mut()),
            _owned: PhantomData,
        }
    }

    /// Holds `inode` from here on, if it is the first.
    pub(crate) fn set(&self, inode: ARef<Inode<T>>) {
        let raw = ARef::into_raw(inode);
        if self
            .inode
            .cmpxchg(core::ptr::null_mut(), raw.as_ptr(), Full)
            .is_err()
        {
            // SAFETY: the reference was ours a line before.
            drop(unsafe { ARef::from_raw(raw) });
        }
    }

    /// The inode, if there is one.
    pub(crate) fn get(&self) -> Option<&Inode<T>> {
        // SAFETY: by the type invariant it is there until `release`, which runs when nobody is left
        // who may ask.
        unsafe { self.inode.load(Acquire).as_ref() }
    }

    /// Lets go of the inode.
    pub(crate) fn release(&self, _gone: &Gone) {
        let inode = NonNull::new(self.inode.xchg(core::ptr::null_mut(), Full));
        // SAFETY: by the type invariant the reference is ours.
        drop(inode.map(|inode| unsafe { ARef::from_raw(inode) }));
    }
}

/// Shows that no inode of a super block is left but those that are [`Held`], and no reader of them.
pub(crate) struct Gone(());

impl Gone {
    /// # Safety
    ///
    /// Only for a super block that is shut down, after [`FileSystem::kill`] and the eviction of its
    /// inodes.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}
