// SPDX-License-Identifier: GPL-2.0

//! A queue of inodes that does not hold them: who came first leaves first. It knows how many pages
//! they had when they came.
//!
//! Lock order: the queue's lock, then `inode->i_lock` (in `igrab`). Nothing allocates or sleeps
//! under it: evict_inode, which the inode shrinker runs, takes it to remove.
//!
//! C header: [`include/linux/list.h`](srctree/include/linux/list.h)

use super::inode_lists::Listed;
use crate::{
    bindings,
    vfs::{
        fs_type::FileSystem,
        inode::Inode, //
    }, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        aref::ARef,
        SpinLock, //
    },
    types::Opaque, //
};

/// An inode's place in a queue.
///
/// # Invariants
///
/// `links` is a list head that is always initialised; all fields are used under the queue's lock
/// only. `pages` is 0 outside of the queue.
#[pin_data]
#[repr(C)]
pub(crate) struct Place<T: FileSystem> {
    #[pin]
    links: Opaque<bindings::list_head>,
    inode: UnsafeCell<Option<NonNull<Inode<T>>>>,
    /// How many the inode had when it came.
    pages: UnsafeCell<u64>,
}

// SAFETY: by the type invariant accesses are serialised.
unsafe impl<T: FileSystem> Sync for Place<T> {}
// SAFETY: as above.
unsafe impl<T: FileSystem> Send for Place<T> {}

impl<T: FileSystem> Place<T> {
    /// The place of an inode in no queue.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            links <- empty(),
            inode: UnsafeCell::new(None),
            pages: UnsafeCell::new(0),
        })
    }
}

fn empty() -> impl PinInit<Opaque<bindings::list_head>> {
    Opaque::ffi_init(|head| {
        // SAFETY: `head` is valid for writes, and stays where it is.
        unsafe { bindings::cofs_init_list_head(head) }
    })
}

/// An inode type that a queue can hold. An inode that dies leaves it without the type's doing: see
/// [`Listed`].
pub(crate) trait Queued: FileSystem<Lists = Listed> {
    /// The place of an inode.
    fn place(inode: &Inode<Self>) -> &Place<Self>;

    /// The type's only queue.
    fn queue(module: &Self::Module) -> &InodeQueue<Self>;
}

/// The queue.
///
/// # Invariants
///
/// - Every inode on it is live memory: it is removed in its evict_inode at the latest.
/// - What the lock protects is the sum of the places' `pages`.
#[pin_data]
pub(crate) struct InodeQueue<T: Queued> {
    #[pin]
    pages: SpinLock<u64>,
    #[pin]
    head: Opaque<bindings::list_head>,
    _inodes: PhantomData<Inode<T>>,
}

// SAFETY: the lock serialises all access.
unsafe impl<T: Queued> Sync for InodeQueue<T> {}
// SAFETY: as above.
unsafe impl<T: Queued> Send for InodeQueue<T> {}

impl<T: Queued> InodeQueue<T> {
    /// An empty one.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            pages <- new_spinlock!(0),
            head <- empty(),
            _inodes: PhantomData,
        })
    }

    /// Puts `inode` at the end, with the pages that it has now: it may lose some while it is in, but
    /// gets none.
    pub(crate) fn push(&self, inode: &Inode<T>) {
        let place = T::place(inode);
        let mut pages = self.pages.lock();
        // SAFETY: the lock is held, and the place initialised; it leaves the queue first.
        // INVARIANT: the sum grows by what the place gets.
        unsafe {
            Self::unlink(place, &mut pages);
            *place.inode.get() = Some(NonNull::from(inode));
            *place.pages.get() = inode.data_mapping().pages();
            *pages = pages.saturating_add(*place.pages.get());
            bindings::cofs_list_add_tail(place.links.get(), self.head.get());
        }
    }

    /// Takes `inode` out, if it is in.
    pub(crate) fn remove(&self, inode: &Inode<T>) {
        let mut pages = self.pages.lock();
        // SAFETY: the lock is held, and the place initialised.
        unsafe { Self::unlink(T::place(inode), &mut pages) };
    }

    /// Takes out the oldest if `goes` says so of the pages that all had when they came. One that
    /// dies is left out.
    pub(crate) fn pop(&self, goes: impl Fn(u64) -> bool) -> Option<ARef<Inode<T>>> {
        let mut pages = self.pages.lock();
        loop {
            if !goes(*pages) {
                return None;
            }
            // SAFETY: the lock is held; by the queue's invariant all inodes on it are live.
            let inode = unsafe {
                let head = self.head.get();
                let place = Self::behind(head, head)?;
                Self::unlink(place.as_ref(), &mut pages);
                (*place.as_ref().inode.get()).and_then(|inode| inode.as_ref().igrab())
            };
            if inode.is_some() {
                return inode;
            }
        }
    }

    /// Takes `place` off the list that it is on, if any; `sum` is what the lock protects.
    ///
    /// # Safety
    ///
    /// The lock must be held.
    unsafe fn unlink(place: &Place<T>, sum: &mut u64) {
        // SAFETY: by the function's requirement; the place is initialised.
        // INVARIANT: the sum loses what the place had.
        unsafe {
            bindings::cofs_list_del_init(place.links.get());
            *sum = sum.saturating_sub(place.pages.get().replace(0));
        }
    }

    /// The place behind `at` in the list of `head`.
    ///
    /// # Safety
    ///
    /// The lock must be held, and `at` be the head or a place of that list.
    unsafe fn behind(
        head: *mut bindings::list_head,
        at: *mut bindings::list_head,
    ) -> Option<NonNull<Place<T>>> {
        // SAFETY: by the function's requirement.
        let next = unsafe { (*at).next };
        if next == head {
            return None;
        }
        // CAST: the links are the first field of a `repr(C)` place.
        NonNull::new(next.cast())
    }

    /// Takes out all that `which` chooses, the oldest first, and hands them to `each`. One that
    /// leaves the queue meanwhile, or dies, is left out.
    pub(crate) fn take(
        &self,
        mut which: impl FnMut(&T::Node) -> bool,
        mut each: impl FnMut(ARef<Inode<T>>),
    ) {
        let taken = Opaque::<bindings::list_head>::uninit();
        let head = taken.get();
        let mut pages = self.pages.lock();
        // SAFETY: `taken` is not moved, and what is put on it leaves it before this returns. The
        // lock is held; by the queue's invariant all inodes on it are live.
        unsafe {
            bindings::cofs_init_list_head(head);
            let mut at = self.head.get();
            while let Some(place) = Self::behind(self.head.get(), at) {
                let links = place.as_ref().links.get();
                let inode = *place.as_ref().inode.get();
                if inode.is_some_and(|i| which(i.as_ref().node())) {
                    Self::unlink(place.as_ref(), &mut pages);
                    bindings::cofs_list_add_tail(links, head);
                } else {
                    at = links;
                }
            }
        }
        drop(pages);
        loop {
            let mut pages = self.pages.lock();
            // SAFETY: as above. An inode that leaves or dies takes itself off this list, too.
            let inode = unsafe {
                let Some(place) = Self::behind(head, head) else {
                    return;
                };
                Self::unlink(place.as_ref(), &mut pages);
                (*place.as_ref().inode.get()).and_then(|inode| inode.as_ref().igrab())
            };
            drop(pages);
            if let Some(inode) = inode {
                each(inode);
            }
        }
    }
}
