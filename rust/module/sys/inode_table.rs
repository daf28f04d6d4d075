// SPDX-License-Identifier: GPL-2.0

//! A table of inodes that does not hold them: an XArray whose slots hold chains.
//!
//! Lock order: the table's xa_lock, then `inode->i_lock` (in `igrab`). Nothing allocates or
//! sleeps under the xa_lock: evict_inode, which the inode shrinker runs, takes it to remove.
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

use super::{
    inode_lists::Listed,
    nofs, //
};
use crate::bindings;
use crate::vfs::{
    address_space::AddressSpace,
    fs_type::FileSystem,
    inode::Inode, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    error::to_result,
    prelude::*,
    sync::aref::ARef,
    types::Opaque, //
};

/// What an inode in a table carries for it.
///
/// # Invariants
///
/// Read and written under the table's lock only.
pub(crate) struct Link<T: FileSystem>(UnsafeCell<Option<NonNull<Inode<T>>>>);

// SAFETY: by the type invariant accesses are serialised.
unsafe impl<T: FileSystem> Sync for Link<T> {}
// SAFETY: as above.
unsafe impl<T: FileSystem> Send for Link<T> {}

impl<T: FileSystem> Link<T> {
    /// The link of an inode in no table.
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }
}

/// An inode type that a table can hold. An inode that dies leaves it without the type's doing: see
/// [`Listed`].
pub(crate) trait Linked: FileSystem<Lists = Listed> {
    /// The link of an inode.
    fn link(inode: &Inode<Self>) -> &Link<Self>;

    /// The slot of an inode, always the same.
    fn slot(inode: &Inode<Self>) -> usize;

    /// The type's only table.
    fn table(module: &Self::Module) -> &InodeTable<Self>;
}

/// The table.
///
/// # Invariants
///
/// Every inode on a chain is live memory: it is removed in its evict_inode at the latest.
#[pin_data(PinnedDrop)]
pub(crate) struct InodeTable<T: Linked> {
    #[pin]
    xa: Opaque<bindings::xarray>,
    _inodes: PhantomData<Inode<T>>,
}

// SAFETY: the xa_lock serialises all access.
unsafe impl<T: Linked> Sync for InodeTable<T> {}
// SAFETY: as above.
unsafe impl<T: Linked> Send for InodeTable<T> {}

/// As many inodes of a slot are looked at; chains are short.
const HELD: usize = 16;

/// The inodes of one slot, to look at without the lock.
pub(crate) struct Held<T: Linked>([Option<ARef<Inode<T>>>; HELD]);

impl<T: Linked> Held<T> {
    /// None.
    pub(crate) fn new() -> Self {
        Self([const { None }; HELD])
    }

    /// Each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Inode<T>> {
        self.0.iter().flatten().map(|inode| &**inode)
    }
}

/// The xa_lock, held.
#[must_use = "the lock is released when the guard is dropped"]
struct Guard<'a, T: Linked>(&'a InodeTable<T>);

impl<T: Linked> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the guard stands for the lock.
        unsafe { bindings::cofs_xa_unlock(self.0.xa.get()) };
    }
}

impl<T: Linked> Guard<'_, T> {
    fn next(&self, inode: &Inode<T>) -> Option<NonNull<Inode<T>>> {
        // SAFETY: the lock is held.
        unsafe { *T::link(inode).0.get() }
    }

    fn set_next(&self, inode: &Inode<T>, next: Option<NonNull<Inode<T>>>) {
        // SAFETY: the lock is held.
        unsafe { *T::link(inode).0.get() = next };
    }

    fn head(&self, slot: usize) -> Option<NonNull<Inode<T>>> {
        // SAFETY: the array is initialised. CAST: entries are inodes of `T`, transparent.
        NonNull::new(unsafe { bindings::xa_load(self.0.xa.get(), slot) }.cast())
    }

    /// The inodes of a slot.
    fn inodes(&self, slot: usize) -> impl Iterator<Item = &Inode<T>> {
        let mut at = self.head(slot);
        core::iter::from_fn(move || {
            // SAFETY: by the table's invariant; none leaves while the lock is held.
            let inode = unsafe { at?.as_ref() };
            at = self.next(inode);
            Some(inode)
        })
    }

    /// The first slot from number `slot` on that has inodes.
    fn used_slot(&self, slot: usize) -> Option<usize> {
        let mut slot = slot;
        // SAFETY: the array is initialised; the lock may be held.
        let entry = unsafe {
            bindings::xa_find(
                self.0.xa.get(),
                &raw mut slot,
                usize::MAX,
                bindings::XA_PRESENT,
            )
        };
        (!entry.is_null()).then_some(slot)
    }

    /// Replaces the head of a slot that is present or reserved; allocates nothing.
    fn set_head(&self, slot: usize, head: Option<NonNull<Inode<T>>>) -> Result {
        let xa = self.0.xa.get();
        // SAFETY: the lock is held, as the functions demand; with GFP_NOWAIT they never drop it.
        let entry = unsafe {
            match head {
                Some(head) => {
                    bindings::__xa_store(xa, slot, head.as_ptr().cast(), bindings::COFS_GFP_NOWAIT)
                }
                None => bindings::__xa_erase(xa, slot),
            }
        };
        // SAFETY: decodes the pointer.
        to_result(unsafe { bindings::xa_err(entry) })
    }

    fn find(&self, slot: usize, mut is: impl FnMut(&T::Node) -> bool) -> Option<ARef<Inode<T>>> {
        // A dying inode counts as absent: it removes itself soon.
        self.inodes(slot)
            .filter(|inode| is(inode.node()))
            .find_map(Inode::igrab)
    }
}

impl<T: Linked> InodeTable<T> {
    /// An empty table.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            xa <- Opaque::ffi_init(|xa| {
                // SAFETY: `xa` is valid for writes.
                unsafe { bindings::xa_init_flags(xa, 0) }
            }),
            _inodes: PhantomData,
        })
    }

    fn lock(&self) -> Guard<'_, T> {
        // SAFETY: the array is initialised.
        unsafe { bindings::cofs_xa_lock(self.xa.get()) };
        Guard(self)
    }

    /// The first inode in `slot` that `is` accepts and that is not dying.
    pub(crate) fn find(
        &self,
        slot: usize,
        is: impl FnMut(&T::Node) -> bool,
    ) -> Option<ARef<Inode<T>>> {
        self.lock().find(slot, is)
    }

    /// Enters `inode`, unless one that `is` accepts is there by now: then returns that one.
    pub(crate) fn insert(
        &self,
        inode: ARef<Inode<T>>,
        mut is: impl FnMut(&T::Node) -> bool,
    ) -> Result<(ARef<Inode<T>>, bool)> {
        let slot = T::slot(&inode);
        loop {
            {
                let guard = self.lock();
                if let Some(found) = guard.find(slot, &mut is) {
                    drop(guard);
                    return Ok((found, false));
                }
                let head = guard.head(slot);
                guard.set_next(&inode, head);
                match guard.set_head(slot, Some(NonNull::from(&*inode))) {
                    Ok(()) => {
                        drop(guard);
                        return Ok((inode, true));
                    }
                    Err(e) if e != ENOMEM => return Err(e),
                    Err(_) => {}
                }
            }
            let _nofs = nofs::Scope::new();
            // SAFETY: the array is initialised; takes and drops the lock itself.
            to_result(unsafe {
                bindings::cofs_xa_reserve(self.xa.get(), slot, bindings::GFP_KERNEL)
            })?;
        }
    }

    /// Takes `inode` out, if it is in.
    pub(crate) fn remove(&self, inode: &Inode<T>) {
        let slot = T::slot(inode);
        let guard = self.lock();
        let mut previous: Option<NonNull<Inode<T>>> = None;
        let mut at = guard.head(slot);
        while let Some(here) = at {
            // SAFETY: by the table's invariant.
            let this = unsafe { here.as_ref() };
            let next = guard.next(this);
            if !core::ptr::eq(this, inode) {
                previous = at;
                at = next;
                continue;
            }
            match previous {
                // SAFETY: by the table's invariant.
                Some(previous) => guard.set_next(unsafe { previous.as_ref() }, next),
                // The slot exists, so that storing cannot fail.
                None => drop(guard.set_head(slot, next)),
            }
            return;
        }
    }

    /// Takes references to the inodes of the next slot from number `slot` on that has some, into `held`.
    /// The number to go on with; `None` if there is none any more. What does not fit is left out.
    pub(crate) fn hold(&self, slot: usize, held: &mut Held<T>) -> Option<usize> {
        held.0 = [const { None }; HELD];
        let guard = self.lock();
        let slot = guard.used_slot(slot)?;
        // Without a place no reference is taken: none may be dropped here.
        let live = guard.inodes(slot).filter_map(Inode::igrab);
        for (place, inode) in held.0.iter_mut().zip(live) {
            *place = Some(inode);
        }
        slot.checked_add(1)
    }

    /// Shows what every inode carries, and its pages, to `see`, slot by slot; the lock is dropped
    /// between slots.
    pub(crate) fn for_each(&self, mut see: impl FnMut(&T::Node, &AddressSpace)) {
        let mut next = Some(0);
        while let Some(slot) = next {
            let guard = self.lock();
            let Some(slot) = guard.used_slot(slot) else {
                return;
            };
            for inode in guard.inodes(slot) {
                see(inode.node(), inode.data_mapping());
            }
            next = slot.checked_add(1);
        }
    }
}

#[pinned_drop]
impl<T: Linked> PinnedDrop for InodeTable<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: nobody uses the table any more; reserved slots may be left.
        unsafe { bindings::xa_destroy(self.xa.get()) };
    }
}
