// SPDX-License-Identifier: GPL-2.0

//! Inodes: their slab, their making, and the redirection of `i_mapping`.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use super::address_space::AddressSpace;
use super::fs_type::{
    FileSystem,
    FsType, //
};
use super::super_block::SuperBlock;
use crate::bindings;
use core::{
    marker::PhantomData,
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    types::Opaque, //
};

/// A slab object: the VFS's part first, then ours.
#[repr(C)]
struct Slot<N> {
    vfs: Opaque<bindings::inode>,
    node: MaybeUninit<N>,
    /// Whether `node` is initialised.
    live: bool,
}

/// The slab cache of a type's inodes.
///
/// # Invariants
///
/// `cache` holds objects of `Slot<T::Node>`.
pub(crate) struct Cache<T: FileSystem> {
    cache: NonNull<bindings::kmem_cache>,
    _fs: PhantomData<T>,
}

impl<T: FileSystem> Cache<T> {
    pub(super) fn new() -> Result<Self> {
        // SAFETY: the name is static; the constructor initialises the VFS's part only.
        let cache = unsafe {
            bindings::cofs_kmem_cache_create(
                T::CACHE_NAME.as_char_ptr(),
                size_of::<Slot<T::Node>>() as u32,
                align_of::<Slot<T::Node>>() as u32,
                Some(Self::construct),
            )
        };
        // INVARIANT: the size and alignment are those of the slot.
        Ok(Self {
            cache: NonNull::new(cache).ok_or(ENOMEM)?,
            _fs: PhantomData,
        })
    }

    /// # Safety
    ///
    /// Called by the slab allocator with a new object.
    unsafe extern "C" fn construct(object: *mut kernel::ffi::c_void) {
        // SAFETY: the object starts with a `struct inode`.
        unsafe { bindings::inode_init_once(object.cast()) };
    }
}

impl<T: FileSystem> Drop for Cache<T> {
    fn drop(&mut self) {
        // SAFETY: by `FsType`'s invariant no object is left.
        unsafe { bindings::kmem_cache_destroy(self.cache.as_ptr()) };
    }
}

/// `->alloc_inode`.
///
/// # Safety
///
/// Called by the VFS with a super block of `T`.
pub(super) unsafe extern "C" fn alloc<T: FileSystem>(
    sb: *mut bindings::super_block,
) -> *mut bindings::inode {
    // SAFETY: a super block pins its type.
    let fs = unsafe { FsType::<T>::from_raw((*sb).s_type) };
    // SAFETY: both are live.
    let inode = unsafe { bindings::cofs_alloc_inode_sb(sb, fs.cache().cache.as_ptr()) };
    if !inode.is_null() {
        // SAFETY: the object is a slot, ours alone.
        unsafe { (*slot::<T>(inode)).live = false };
    }
    inode
}

/// `->free_inode`, after a grace period of RCU.
///
/// # Safety
///
/// Called by the VFS with an inode from [`alloc`] that nobody uses.
pub(super) unsafe extern "C" fn free<T: FileSystem>(inode: *mut bindings::inode) {
    let slot = slot::<T>(inode);
    // SAFETY: the slot is ours alone; `live` says that `node` is initialised.
    unsafe {
        if (*slot).live {
            (*slot).node.assume_init_drop();
        }
    }
    // SAFETY: as above; the target of a link is null or was made by `Operations::apply`.
    unsafe {
        if (*inode).i_mode & bindings::S_IFMT as u16 == bindings::S_IFLNK as u16 {
            bindings::kfree((*inode).__bindgen_anon_5.i_link.cast());
        }
    }
    // SAFETY: kmem_cache_free and kfree take any slab object; this came from the type's cache.
    unsafe { bindings::kfree(slot.cast()) };
}

fn slot<T: FileSystem>(inode: *mut bindings::inode) -> *mut Slot<T::Node> {
    // CAST: `vfs` is the first field of the `repr(C)` slot, and `Opaque` is transparent.
    inode.cast()
}

/// A `struct inode` of a file system `T`.
///
/// # Invariants
///
/// It lies in a `Slot<T::Node>` whose `node` is initialised.
#[repr(transparent)]
pub(crate) struct Inode<T: FileSystem> {
    inode: Opaque<bindings::inode>,
    _fs: PhantomData<T>,
}

// SAFETY: inodes are shared between threads; C locks its fields, and `Node` is Sync.
unsafe impl<T: FileSystem> Sync for Inode<T> {}
// SAFETY: a reference may be dropped on any thread.
unsafe impl<T: FileSystem> Send for Inode<T> {}

// SAFETY: ihold and iput are the inode's reference count.
unsafe impl<T: FileSystem> AlwaysRefCounted for Inode<T> {
    fn inc_ref(&self) {
        // SAFETY: the caller's borrow shows that the count is not zero.
        unsafe { bindings::ihold(self.as_ptr()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: the caller owns the reference. CAST: the struct is transparent.
        unsafe { bindings::iput(obj.as_ptr().cast()) };
    }
}

impl<T: FileSystem> Inode<T> {
    /// # Safety
    ///
    /// `inode` must be live for `'a` and fulfil the type invariant.
    pub(super) unsafe fn from_raw<'a>(inode: *const bindings::inode) -> &'a Self {
        // CAST: the struct is transparent over `inode`.
        // SAFETY: by the function's requirement.
        unsafe { &*inode.cast() }
    }

    /// As [`Self::from_raw`], `None` for an inode whose making failed.
    ///
    /// # Safety
    ///
    /// `inode` must be an inode of `T`, live for `'a`, and not under construction.
    pub(super) unsafe fn try_from_raw<'a>(inode: *mut bindings::inode) -> Option<&'a Self> {
        // SAFETY: by the function's requirement; INVARIANT: `live` says so.
        unsafe { (*slot::<T>(inode)).live.then(|| Self::from_raw(inode)) }
    }

    /// The C object.
    pub(crate) fn as_ptr(&self) -> *mut bindings::inode {
        self.inode.get()
    }

    /// Gives the reference to C.
    pub(super) fn into_raw(this: ARef<Self>) -> *mut bindings::inode {
        // CAST: the struct is transparent.
        ARef::into_raw(this).as_ptr().cast()
    }

    /// A reference, unless the inode is already dying.
    pub(crate) fn igrab(&self) -> Option<ARef<Self>> {
        // SAFETY: the inode's memory is live.
        let inode = NonNull::new(unsafe { bindings::igrab(self.as_ptr()) })?;
        // SAFETY: igrab took the reference that the ARef owns. CAST: the struct is transparent.
        Some(unsafe { ARef::from_raw(inode.cast()) })
    }

    /// Lets an [`Anonymous`] inode stay cached when its last user leaves: from here on it counts
    /// as hashed. Call it once.
    pub(crate) fn keep_cached(&self) {
        // SAFETY: we hold a reference, so nobody looks at the hash before that is dropped.
        unsafe { bindings::cofs_inode_fake_hash(self.as_ptr()) };
    }

    /// Undoes [`Self::keep_cached`]: with its last user the inode goes, and its pages.
    pub(crate) fn forget_when_unused(&self) {
        // SAFETY: we hold a reference.
        unsafe { bindings::cofs_inode_unhash(self.as_ptr()) };
    }

    /// What the inode carries.
    pub(crate) fn node(&self) -> &T::Node {
        let slot = slot::<T>(self.as_ptr());
        // SAFETY: by the type invariant.
        unsafe { (*slot).node.assume_init_ref() }
    }

    /// The super block.
    pub(crate) fn super_block(&self) -> &SuperBlock<T> {
        // SAFETY: an inode pins its super block, which is one of `T`.
        unsafe { SuperBlock::from_raw((*self.as_ptr()).i_sb) }
    }

    /// `i_ino`.
    pub(crate) fn number(&self) -> u64 {
        // SAFETY: the inode is live, and its number does not change.
        unsafe { (*self.as_ptr()).i_ino }
    }

    /// `i_size` in bytes.
    pub(crate) fn size(&self) -> u64 {
        // SAFETY: the inode is live.
        unsafe { bindings::cofs_i_size_read(self.as_ptr()) as u64 }
    }

    /// The inode's own page cache, wherever `i_mapping` points.
    pub(crate) fn data_mapping(&self) -> &AddressSpace {
        // SAFETY: `i_data` lives as long as the inode.
        unsafe { AddressSpace::from_raw(&raw mut (*self.as_ptr()).i_data) }
    }

    /// The inode to whose pages `i_mapping` points, if they are not its own.
    pub(crate) fn redirection(&self) -> Option<&Inode<T::Target>> {
        let inode = self.as_ptr();
        // SAFETY: the inode is live; the pointer is written as a whole.
        let mapping = unsafe { (&raw const (*inode).i_mapping).read_volatile() };
        // SAFETY: a redirected `i_mapping` is the `i_data` of an inode that we hold.
        unsafe { (mapping != &raw mut (*inode).i_data).then(|| Inode::from_raw((*mapping).host)) }
    }

    /// Points `i_mapping` to the pages of `to`. The inode owns the reference until
    /// [`Evicted::restore_mapping`].
    ///
    /// The caller serialises this. Files opened before it keep the inode's own pages. A second
    /// redirection is refused with EBUSY.
    pub(crate) fn redirect_mapping(&self, to: ARef<Inode<T::Target>>) -> Result {
        if self.redirection().is_some() {
            return Err(EBUSY);
        }
        let to = Inode::into_raw(to);
        // Whoever finds the pointer finds what it points to.
        // SAFETY: barriers have no conditions.
        unsafe { bindings::smp_wmb() };
        // SAFETY: both are live. Readers load the pointer once and find either mapping whole.
        unsafe { (&raw mut (*self.as_ptr()).i_mapping).write_volatile(&raw mut (*to).i_data) };
        Ok(())
    }

    /// Points `i_mapping`, which is redirected, to other pages while no file of the inode is open.
    /// Gives back the reference to the inode whose pages they were, for those who have loaded the
    /// pointer without a file: it must be kept until [`Evicted::restore_mapping`].
    ///
    /// The caller serialises this.
    pub(crate) fn replace_mapping(
        &self,
        to: ARef<Inode<T::Target>>,
    ) -> Option<ARef<Inode<T::Target>>> {
        let old = NonNull::from(self.redirection()?);
        let to = Inode::into_raw(to);
        // SAFETY: barriers have no conditions.
        unsafe { bindings::smp_wmb() };
        // SAFETY: as above.
        unsafe { (&raw mut (*self.as_ptr()).i_mapping).write_volatile(&raw mut (*to).i_data) };
        // SAFETY: the reference is the one that `redirect_mapping` took over, of this type.
        Some(unsafe { ARef::from_raw(old) })
    }
}

/// An inode in `->evict_inode`: nobody else uses it, and nobody can take a reference any more.
pub(crate) struct Evicted<'a, T: FileSystem>(&'a Inode<T>);

impl<'a, T: FileSystem> Evicted<'a, T> {
    /// # Safety
    ///
    /// Only for `->evict_inode`.
    pub(super) unsafe fn new(inode: &'a Inode<T>) -> Self {
        Self(inode)
    }

    /// What the inode carries.
    pub(crate) fn node(&self) -> &T::Node {
        self.0.node()
    }

    /// The super block.
    pub(crate) fn super_block(&self) -> &SuperBlock<T> {
        self.0.super_block()
    }

    /// Undoes [`Inode::redirect_mapping`], and gives back the reference.
    pub(crate) fn restore_mapping(&self) -> Option<ARef<Inode<T::Target>>> {
        let host = self.0.redirection()?.as_ptr();
        let inode = self.0.as_ptr();
        // SAFETY: the inode is ours alone.
        unsafe { (&raw mut (*inode).i_mapping).write_volatile(&raw mut (*inode).i_data) };
        // SAFETY: the reference is the one that `redirect_mapping` took over, of this type.
        NonNull::new(host).map(|host| unsafe { ARef::from_raw(host.cast()) })
    }
}

/// What [`SuperBlock::iget`] found.
pub(crate) enum Get<T: FileSystem> {
    /// The cached inode.
    Cached(ARef<Inode<T>>),
    /// A new one, locked until it is initialised.
    New(New<T>),
}

impl<T: FileSystem> Get<T> {
    /// # Safety
    ///
    /// `inode` is null or from `iget_locked` on a super block of `T`, with its reference.
    pub(super) unsafe fn from_raw(inode: *mut bindings::inode) -> Result<Self> {
        let inode = NonNull::new(inode).ok_or(ENOMEM)?;
        // SAFETY: the inode is live.
        if unsafe { bindings::cofs_inode_is_new(inode.as_ptr()) } {
            return Ok(Self::New(New {
                inode,
                _fs: PhantomData,
            }));
        }
        // INVARIANT: an inode that is hashed and not new was initialised.
        // SAFETY: the reference is ours. CAST: the struct is transparent.
        Ok(Self::Cached(unsafe { ARef::from_raw(inode.cast()) }))
    }
}

/// The attributes that a new inode gets.
pub(crate) struct Attributes {
    /// `st_mode`.
    pub(crate) mode: u16,
    /// `st_nlink`.
    pub(crate) nlink: u32,
    /// Owner.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Bytes.
    pub(crate) size: u64,
    /// `st_blocks`, of 512 bytes.
    pub(crate) blocks: u64,
    /// Seconds and nanoseconds of all three times.
    pub(crate) time: (i64, u32),
    /// The device of a device node, as it is on disk.
    pub(crate) rdev: u32,
    /// Whether it is known to have no POSIX ACL.
    pub(crate) no_acl: bool,
}

fn set_attributes(inode: *mut bindings::inode, a: &Attributes) {
    // SAFETY: callers own `inode` and nobody reads it yet.
    unsafe {
        (*inode).i_mode = a.mode;
        bindings::set_nlink(inode, a.nlink);
        bindings::cofs_i_uid_write(inode, a.uid);
        bindings::cofs_i_gid_write(inode, a.gid);
        bindings::cofs_i_size_write(inode, a.size as i64);
        bindings::cofs_inode_set_times(inode, a.time.0, a.time.1 as isize);
        (*inode).i_blocks = a.blocks;
        if a.no_acl {
            bindings::cofs_cache_no_acl(inode);
        }
        // The super block says so as well, but later on the way of each read.
        (*inode).i_flags |= bindings::S_NOATIME;
    }
}

/// Initialises a slot's node; `live` follows.
///
/// # Safety
///
/// `inode` must be from [`alloc`], not yet live, and the caller's alone.
unsafe fn init_node<T: FileSystem>(
    inode: *mut bindings::inode,
    node: impl PinInit<T::Node, Error>,
) -> Result {
    let slot = slot::<T>(inode);
    // SAFETY: `node` is valid for writes and the caller's alone. Slab objects do not move, and the reference
    // ends here, before the object does.
    let place: &'static mut MaybeUninit<T::Node> = unsafe { &mut (*slot).node };
    place.write_pin_init(node)?;
    // SAFETY: the slot is the caller's alone.
    unsafe { (*slot).live = true };
    Ok(())
}

/// A locked inode under construction; dropped unfinished, it fails.
pub(crate) struct New<T: FileSystem> {
    inode: NonNull<bindings::inode>,
    _fs: PhantomData<T>,
}

impl<T: FileSystem> New<T> {
    /// Sets the attributes, the node and the tables of operations, and publishes the inode.
    pub(crate) fn init(
        self,
        attributes: &Attributes,
        node: impl PinInit<T::Node, Error>,
        operations: super::inode_ops::Operations<T>,
    ) -> Result<ARef<Inode<T>>>
    where
        T: super::inode_ops::InodeOperations,
    {
        let inode = self.inode.as_ptr();
        // SAFETY: the inode is locked: ours alone, and not yet initialised.
        unsafe { init_node::<T>(inode, node) }?;
        set_attributes(inode, attributes);
        // SAFETY: as above; from here on nothing fails, so that `free` sees the kind of inode
        // that this makes.
        unsafe { operations.apply(inode, attributes.rdev) };
        core::mem::forget(self);
        // SAFETY: the inode is complete.
        unsafe { bindings::unlock_new_inode(inode) };
        // INVARIANT: the node was initialised.
        // SAFETY: the reference is ours. CAST: the struct is transparent.
        Ok(unsafe { ARef::from_raw(NonNull::new_unchecked(inode.cast())) })
    }
}

impl<T: FileSystem> Drop for New<T> {
    fn drop(&mut self) {
        // SAFETY: the inode is locked and new; this unhashes it and drops our reference.
        unsafe { bindings::iget_failed(self.inode.as_ptr()) };
    }
}

/// An inode of an internal mount under construction.
pub(crate) struct Anonymous<T: FileSystem> {
    inode: NonNull<bindings::inode>,
    _fs: PhantomData<T>,
}

impl<T: FileSystem> Anonymous<T> {
    /// # Safety
    ///
    /// `inode` is null or from `new_inode` on a super block of `T`, with its reference.
    pub(super) unsafe fn from_raw(inode: *mut bindings::inode) -> Result<Self> {
        let inode = NonNull::new(inode).ok_or(ENOMEM)?;
        // SAFETY: nobody else knows the inode; its slot may have been a cached inode's.
        unsafe { bindings::cofs_inode_init_hash(inode.as_ptr()) };
        Ok(Self {
            inode,
            _fs: PhantomData,
        })
    }

    /// Has nobody's memory cgroup charged for its pages.
    pub(crate) fn charge_nobody(&self) {
        // SAFETY: the inode is live, and has no pages yet.
        unsafe { AddressSpace::from_raw((*self.inode.as_ptr()).i_mapping) }.charge_nobody();
    }

    /// Makes a regular file of `size` bytes whose pages `A` fills.
    pub(crate) fn init<A: super::address_space::Operations<Host = T>>(
        self,
        size: u64,
        node: impl PinInit<T::Node, Error>,
    ) -> Result<ARef<Inode<T>>> {
        let inode = self.inode.as_ptr();
        let attributes = Attributes {
            mode: (bindings::S_IFREG | 0o444) as u16,
            nlink: 1,
            uid: 0,
            gid: 0,
            size,
            blocks: 0,
            time: (0, 0),
            rdev: 0,
            no_acl: true,
        };
        set_attributes(inode, &attributes);
        // SAFETY: nobody else knows the inode.
        unsafe {
            (*inode).i_ino = bindings::get_next_ino().into();
            (*(*inode).i_mapping).a_ops = super::address_space::Table::<A>::get();
            bindings::cofs_mapping_set_large_folios((*inode).i_mapping);
            bindings::cofs_mapping_set_nesting((*inode).i_mapping);
        }
        // SAFETY: as above, and not yet initialised.
        unsafe { init_node::<T>(inode, node) }?;
        core::mem::forget(self);
        // INVARIANT: the node was initialised.
        // SAFETY: the reference is ours. CAST: the struct is transparent.
        Ok(unsafe { ARef::from_raw(NonNull::new_unchecked(inode.cast())) })
    }
}

impl<T: FileSystem> Drop for Anonymous<T> {
    fn drop(&mut self) {
        // SAFETY: the reference is ours; unhashed, the inode is evicted at once.
        unsafe { bindings::iput(self.inode.as_ptr()) };
    }
}
