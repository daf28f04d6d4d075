// SPDX-License-Identifier: GPL-2.0

//! Types of file system and their registration.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use super::context;
use super::held::Gone;
use super::inode::Cache;
use super::inode_ops::status;
use super::super_block::{
    Carried,
    SuperBlock, //
};
use crate::{
    bindings,
    sys::inode_lists::Lists, //
};
use core::marker::PhantomData;
use kernel::{
    container_of,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    types::Opaque, //
};

/// A type of file system, and the Rust types that its C objects carry.
pub(crate) trait FileSystem: Sized + Send + Sync + 'static {
    /// The name of the slab cache of inodes; and of the type, if it is an internal one.
    const CACHE_NAME: &'static CStr;

    /// `file_system_type.fs_flags`.
    const FLAGS: i32;

    /// What the registration carries, alike for all mounts.
    type Module: Send + Sync + 'static;

    /// What a super block carries for us.
    type Mount: Send + Sync + 'static;

    /// What an inode carries behind `struct inode`.
    ///
    /// It is dropped in RCU context, so its destructor must not sleep.
    type Node: Send + Sync + 'static;

    /// The type to whose inodes [`Inode::redirect_mapping`] may point.
    ///
    /// [`Inode::redirect_mapping`]: super::inode::Inode::redirect_mapping
    type Target: FileSystem;

    /// Which lists without references its inodes can be on.
    type Lists: Lists<Self>;

    /// Runs first in `->kill_sb`, while the super block is whole.
    fn kill(_mount: &Self::Mount) {}

    /// Lets go of what is [`Held`]: nothing else of the super block is left.
    ///
    /// [`Held`]: super::held::Held
    fn release(_mount: &Self::Mount, _gone: &Gone) {}

    /// What the type's super blocks lie on.
    type Kind: Kind;

    /// `->init_fs_context`.
    fn init_context(fc: context::New<'_>) -> Result;
}

/// What super blocks lie on, which says how they are shut down.
pub(crate) trait Kind: Send + Sync + 'static {
    /// Shuts down a super block.
    ///
    /// # Safety
    ///
    /// Only for `->kill_sb`, once.
    unsafe fn shutdown(sb: *mut bindings::super_block);
}

/// A block device, or a file.
pub(crate) struct BlockOrFile;

impl Kind for BlockOrFile {
    unsafe fn shutdown(sb: *mut bindings::super_block) {
        // SAFETY: by the function's requirement. A super block on a file has an anonymous device
        // number.
        unsafe {
            if bindings::cofs_super_is_anonymous(sb) {
                bindings::kill_anon_super(sb);
            } else {
                bindings::kill_block_super(sb);
            }
        }
    }
}

/// Nothing.
pub(crate) struct Anonymous;

impl Kind for Anonymous {
    unsafe fn shutdown(sb: *mut bindings::super_block) {
        // SAFETY: by the function's requirement.
        unsafe { bindings::kill_anon_super(sb) };
    }
}

/// `FS_REQUIRES_DEV`.
pub(crate) const REQUIRES_DEV: i32 = bindings::FS_REQUIRES_DEV as i32;

/// `FS_ALLOW_IDMAP`.
pub(crate) const ALLOW_IDMAP: i32 = bindings::FS_ALLOW_IDMAP as i32;

/// A `file_system_type` with its slab cache.
///
/// # Invariants
///
/// `cache` outlives every inode of the type: it is destroyed after the type can have no super
/// block any more and `rcu_barrier()` has run.
#[pin_data(PinnedDrop)]
pub(crate) struct FsType<T: FileSystem> {
    #[pin]
    fs: Opaque<bindings::file_system_type>,
    cache: Cache<T>,
    registered: bool,
    #[pin]
    module: T::Module,
}

// SAFETY: after construction all access is read-only from Rust; C locks its own fields.
unsafe impl<T: FileSystem> Sync for FsType<T> {}
// SAFETY: a file system type may be unregistered from any thread.
unsafe impl<T: FileSystem> Send for FsType<T> {}

impl<T: FileSystem> FsType<T> {
    /// Makes a type which mount(2) does not see, for [`KernMount`].
    fn internal(module: impl PinInit<T::Module, Error>) -> impl PinInit<Self, Error> {
        Self::build(core::ptr::null_mut(), T::CACHE_NAME, module, false)
    }

    /// Makes a type and registers it for mount(2) as `name`. Each mount pins `owner`. EBUSY where
    /// there is such a type.
    pub(crate) fn register(
        owner: &'static ThisModule,
        name: &'static CStr,
        module: impl PinInit<T::Module, Error>,
    ) -> impl PinInit<Self, Error> {
        Self::build(owner.as_ptr(), name, module, true)
    }

    fn build(
        owner: *mut bindings::module,
        name: &'static CStr,
        module: impl PinInit<T::Module, Error>,
        register: bool,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            cache: Cache::new()?,
            module <- module,
            fs <- Opaque::try_ffi_init(|slot: *mut bindings::file_system_type| {
                // SAFETY: `slot` is valid for writes, and all-zero is a valid value of the struct.
                unsafe { slot.write_bytes(0, 1) };
                // SAFETY: `slot` is valid and not yet shared.
                unsafe {
                    (*slot).name = name.as_char_ptr();
                    (*slot).fs_flags = T::FLAGS;
                    (*slot).init_fs_context = Some(Self::init_fs_context);
                    (*slot).kill_sb = Some(Self::kill_sb);
                    (*slot).owner = owner;
                }
                Ok::<(), Error>(())
            }),
            registered: {
                if register {
                    // SAFETY: the struct is initialised and pinned until it is unregistered.
                    to_result(unsafe { bindings::register_filesystem(fs.get()) }).inspect_err(|_| {
                        pr_err!("the file system type {} is registered by another module\n", name);
                    })?;
                }
                register
            },
        }? Error)
    }

    /// The type of a super block.
    ///
    /// # Safety
    ///
    /// `fs` must be the `fs` of a live `FsType<T>`.
    pub(super) unsafe fn from_raw<'a>(fs: *mut bindings::file_system_type) -> &'a Self {
        // CAST: `Opaque` is transparent.
        let fs = fs.cast::<Opaque<bindings::file_system_type>>();
        // SAFETY: by the function's requirement.
        unsafe { &*container_of!(fs, Self, fs) }
    }

    pub(super) fn cache(&self) -> &Cache<T> {
        &self.cache
    }

    /// What the registration carries.
    pub(crate) fn module(&self) -> &T::Module {
        &self.module
    }

    /// # Safety
    ///
    /// Called by the VFS with a new context.
    unsafe extern "C" fn init_fs_context(
        fc: *mut bindings::opaque_fs_context,
    ) -> kernel::ffi::c_int {
        // SAFETY: the context is ours until we return.
        status(|| T::init_context(unsafe { context::New::from_raw(fc.cast()) }))
    }

    /// # Safety
    ///
    /// Called by the VFS with a super block of this type.
    unsafe extern "C" fn kill_sb(sb: *mut bindings::super_block) {
        // SAFETY: the super block is one of `T`, and carries something or null.
        let carried = unsafe { Carried::<T>::of(sb) };
        // SAFETY: as above.
        if let Some(carried) = unsafe { carried.as_ref() } {
            carried.kill();
            // SAFETY: without a root `->put_super` is not called, and there is no inode to evict:
            // none was found by name.
            unsafe {
                if (*sb).s_root.is_null() {
                    carried.release();
                }
            }
        }
        // SAFETY: called once, from kill_sb. Afterwards nobody looks through the super block any
        // more, so that the box is ours.
        unsafe {
            T::Kind::shutdown(sb);
            (*sb).s_fs_info = core::ptr::null_mut();
            if !carried.is_null() {
                drop(KBox::from_raw(carried));
            }
        }
    }
}

#[pinned_drop]
impl<T: FileSystem> PinnedDrop for FsType<T> {
    fn drop(self: Pin<&mut Self>) {
        if self.registered {
            // SAFETY: registered in `build`. Every mount pins the module, so none is left.
            // The only error is "not registered".
            unsafe { bindings::unregister_filesystem(self.fs.get()) };
        }
        // Inodes are freed through RCU: the cache, dropped after this, must find it empty.
        // SAFETY: may be called from any sleepable context.
        unsafe { bindings::rcu_barrier() };
    }
}

/// The largest request that readahead makes for a reader who asks for more than its window, in
/// pages: what a disk takes at once, 2 MiB.
const IO_PAGES: usize = 512;

/// A mount inside the kernel which no path reaches.
///
/// # Invariants
///
/// `mnt` is a mount of a `FsType<T>` that outlives this.
pub(crate) struct KernMount<T: FileSystem> {
    mnt: *mut bindings::vfsmount,
    _fs: PhantomData<T>,
}

// SAFETY: a vfsmount may be used and released from any thread.
unsafe impl<T: FileSystem> Send for KernMount<T> {}
// SAFETY: as above; the methods only read.
unsafe impl<T: FileSystem> Sync for KernMount<T> {}

impl<T: FileSystem> KernMount<T> {
    /// Mounts `fs` with a backing_dev_info of its own: fadvise(2) ignores files without one.
    ///
    /// # Safety
    ///
    /// `fs` must outlive the mount.
    pub(super) unsafe fn new_raw(fs: &FsType<T>) -> Result<Self> {
        // SAFETY: the type is initialised and, by the requirement, outlives the mount.
        let mnt = from_err_ptr(unsafe { bindings::kern_mount(fs.fs.get()) })?;
        // INVARIANT: just mounted from `fs`.
        let mount = Self {
            mnt,
            _fs: PhantomData,
        };
        // SAFETY: the super block is live, and no one else uses it yet.
        to_result(unsafe { bindings::super_setup_bdi((*mnt).mnt_sb) })?;
        // SAFETY: as above. What a reader may ask for at once is his device's to bound.
        unsafe { (*(*(*mnt).mnt_sb).s_bdi).io_pages = IO_PAGES };
        Ok(mount)
    }

    /// The super block.
    pub(crate) fn super_block(&self) -> &SuperBlock<T> {
        // SAFETY: by the type invariant; the mount pins its super block.
        unsafe { SuperBlock::from_raw((*self.mnt).mnt_sb) }
    }
}

impl<T: FileSystem> Drop for KernMount<T> {
    fn drop(&mut self) {
        // SAFETY: made by kern_mount and not yet unmounted.
        unsafe { bindings::kern_unmount(self.mnt) };
    }
}

/// An internal file system type together with its only mount.
///
/// The mount is dropped before the type.
#[pin_data]
pub(crate) struct Internal<T: FileSystem> {
    mount: KernMount<T>,
    #[pin]
    fs: FsType<T>,
}

impl<T: FileSystem> Internal<T> {
    /// Makes the type and mounts it.
    pub(crate) fn new(module: impl PinInit<T::Module, Error>) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            fs <- FsType::internal(module),
            // SAFETY: `fs` is pinned beside the mount and dropped after it, as the fields of a
            // struct are dropped in the order of their declaration.
            mount: unsafe { KernMount::new_raw(&fs) }?,
        }? Error)
    }

    /// The super block of the mount.
    pub(crate) fn super_block(&self) -> &SuperBlock<T> {
        self.mount.super_block()
    }
}
