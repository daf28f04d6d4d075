// SPDX-License-Identifier: GPL-2.0

//! A queue of inodes that does not hold them: who came first leaves first.
//!
//! Lock order: the queue's lock, then `inode->i_lock` (in `igrab`). Nothing allocates or sleeps
//! under it: evict_inode, which the inode shrinker runs, takes it to remove.
//!
//! C header: [`include/linux/list.h`](srctree/include/linux/list.h)

use crate::{
    bindings,
    vfs::{
        address_space::AddressSpace,
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
/// `links` is a list head that is always initialised; both fields are used under the queue's lock
/// only.
#[pin_data]
#[repr(C)]
pub(crate) struct Place<T: FileSystem> {
    #[pin]
    links: Opaque<bindings::list_head>,
    inode: UnsafeCell<Option<NonNull<Inode<T>>>>,
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
        })
    }
}

fn empty() -> impl PinInit<Opaque<bindings::list_head>> {
    Opaque::ffi_init(|head| {
        // SAFETY: `head` is valid for writes, and stays where it is.
        unsafe { bindings::cofs_init_list_head(head) }
    })
}

/// An inode type that a queue can hold.
pub(crate) trait Queued: FileSystem {
    /// The place of an inode.
    fn place(inode: &Inode<Self>) -> &Place<Self>;
}

/// The queue.
///
/// # Invariants
///
/// Every inode on it is live memory: it is removed in its evict_inode at the latest.
#[pin_data]
pub(crate) struct InodeQueue<T: Queued> {
    #[pin]
    lock: SpinLock<()>,
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
            lock <- new_spinlock!(()),
            head <- empty(),
            _inodes: PhantomData,
        })
    }

    /// Puts `inode` at the end.
    pub(crate) fn push(&self, inode: &Inode<T>) {
        let place = T::place(inode);
        let _guard = self.lock.lock();
        // SAFETY: the lock is held; a place that is in the queue leaves it first.
        unsafe {
            bindings::cofs_list_del_init(place.links.get());
            *place.inode.get() = Some(NonNull::from(inode));
            bindings::cofs_list_add_tail(place.links.get(), self.head.get());
        }
    }

    /// Takes `inode` out, if it is in.
    pub(crate) fn remove(&self, inode: &Inode<T>) {
        let _guard = self.lock.lock();
        // SAFETY: the lock is held, and the place initialised.
        unsafe { bindings::cofs_list_del_init(T::place(inode).links.get()) };
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
        mut which: impl FnMut(&T::Node, &AddressSpace) -> bool,
        mut each: impl FnMut(ARef<Inode<T>>),
    ) {
        let taken = Opaque::<bindings::list_head>::uninit();
        let head = taken.get();
        let guard = self.lock.lock();
        // SAFETY: `taken` is not moved, and what is put on it leaves it before this returns. The
        // lock is held; by the queue's invariant all inodes on it are live.
        unsafe {
            bindings::cofs_init_list_head(head);
            let mut at = self.head.get();
            while let Some(place) = Self::behind(self.head.get(), at) {
                let links = place.as_ref().links.get();
                let inode = *place.as_ref().inode.get();
                if inode.is_some_and(|i| which(i.as_ref().node(), i.as_ref().data_mapping())) {
                    bindings::cofs_list_del_init(links);
                    bindings::cofs_list_add_tail(links, head);
                } else {
                    at = links;
                }
            }
        }
        drop(guard);
        loop {
            let guard = self.lock.lock();
            // SAFETY: as above. An inode that leaves or dies takes itself off this list, too.
            let inode = unsafe {
                let Some(place) = Self::behind(head, head) else {
                    return;
                };
                bindings::cofs_list_del_init(place.as_ref().links.get());
                (*place.as_ref().inode.get()).and_then(|inode| inode.as_ref().igrab())
            };
            drop(guard);
            if let Some(inode) = inode {
                each(inode);
            }
        }
    }
}
