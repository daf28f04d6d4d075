// SPDX-License-Identifier: GPL-2.0

//! Super blocks and `struct super_operations`.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use super::context::{
    self,
    Mountable, //
};
use super::errors::Watched;
use super::export;
use super::fs_type::{
    FileSystem,
    FsType, //
};
use super::held::Gone;
use super::inode::{
    self,
    Evicted,
    Inode, //
};
use super::xattr;
use crate::{
    bindings,
    sys::{
        backing::{
            Backing,
            Device, //
        },
        inode_lists::Lists,
        opened::Opened, //
    }, //
};
use core::marker::PhantomData;
use kernel::{
    error::{
        from_result,
        to_result, //
    },
    fs::File,
    prelude::*,
    seq_file::SeqFile,
    sync::{
        aref::ARef,
        Arc,
        ArcBorrow, //
    },
    types::Opaque, //
};

/// The numbers of statfs(2), in blocks of the image.
pub(crate) struct StatFs {
    /// `f_type`.
    pub(crate) magic: u64,
    /// `f_bsize` in bytes.
    pub(crate) block_size: u32,
    /// `f_blocks`.
    pub(crate) blocks: u64,
    /// Inodes in the image; a read-only file system has as many free ones as a u64 can say.
    pub(crate) inodes: u64,
    /// `f_namelen` in bytes.
    pub(crate) name_len: u32,
}

/// `struct super_operations`, but for what every file system here does alike.
pub(crate) trait Operations: FileSystem {
    /// `->evict_inode`, after the inode's own pages are gone. May sleep, must not allocate with
    /// reclaim: the inode shrinker calls it.
    fn evict(_inode: Evicted<'_, Self>) {}

    /// `->statfs`; `None` leaves what the caller has zeroed.
    fn statfs(_sb: &SuperBlock<Self>) -> Option<StatFs> {
        None
    }

    /// `->show_options`.
    fn show_options(_sb: &SuperBlock<Self>, _seq: &SeqFile) {}
}

/// A `struct super_block` of a file system `T`.
///
/// # Invariants
///
/// `s_type` is an [`FsType<T>`], and `s_fs_info` holds a [`Carried<T>`] if `T` is [`Mountable`].
#[repr(transparent)]
pub(crate) struct SuperBlock<T: FileSystem> {
    sb: Opaque<bindings::super_block>,
    _fs: PhantomData<T>,
}

impl<T: FileSystem> SuperBlock<T> {
    /// # Safety
    ///
    /// `sb` must be live for `'a` and fulfil the type invariants.
    pub(super) unsafe fn from_raw<'a>(sb: *mut bindings::super_block) -> &'a Self {
        // CAST: the struct is transparent over `super_block`.
        // SAFETY: by the function's requirement.
        unsafe { &*sb.cast() }
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::super_block {
        self.sb.get()
    }

    /// The type that the super block is of.
    pub(crate) fn fs_type(&self) -> &FsType<T> {
        // SAFETY: by the type invariant; a super block pins its type.
        unsafe { FsType::from_raw((*self.as_ptr()).s_type) }
    }

    /// The name that messages carry: `s_id`, such as `vda`.
    pub(crate) fn id(&self) -> &CStr {
        // SAFETY: `s_id` is NUL-terminated and does not change after the mount.
        unsafe { CStr::from_char_ptr((*self.as_ptr()).s_id.as_ptr().cast()) }
    }

    /// Whether POSIX ACLs are shown: SB_POSIXACL.
    pub(crate) fn shows_acl(&self) -> bool {
        // SAFETY: the super block is live; the flags are read as C does.
        unsafe { (*self.as_ptr()).s_flags & bindings::COFS_SB_POSIXACL as usize != 0 }
    }

    /// The inode numbered `ino`: the cached one, or a new one which the caller must initialise.
    pub(crate) fn iget(&self, ino: u64) -> Result<inode::Get<T>> {
        // SAFETY: the super block is live.
        let inode = unsafe { bindings::iget_locked(self.as_ptr(), ino) };
        // SAFETY: the inode is of this super block and the reference is ours.
        unsafe { inode::Get::from_raw(inode) }
    }

    /// A new inode that no number finds.
    pub(crate) fn new_inode(&self) -> Result<inode::Anonymous<T>> {
        // SAFETY: the super block is live.
        let inode = unsafe { bindings::new_inode(self.as_ptr()) };
        // SAFETY: the inode is of this super block and the reference is ours.
        unsafe { inode::Anonymous::from_raw(inode) }
    }
}

impl<T: Mountable> SuperBlock<T> {
    /// What the super block carries.
    pub(crate) fn mount(&self) -> ArcBorrow<'_, T::Mount> {
        // SAFETY: by the type invariant; it stays as long as the super block.
        let carried = unsafe { &*(*self.as_ptr()).s_fs_info.cast::<Carried<T>>() };
        carried.mount.as_arc_borrow()
    }
}

/// What a super block carries, until it is shut down and no inode is left.
pub(super) struct Carried<T: FileSystem> {
    mount: Arc<T::Mount>,
    watched: Option<Watched<T>>,
    _open: KVVec<Opened>,
}

impl<T: FileSystem> Carried<T> {
    /// What `sb` carries, null if it has not got that far.
    ///
    /// # Safety
    ///
    /// `sb` must be a live super block of `T`.
    pub(super) unsafe fn of(sb: *mut bindings::super_block) -> *mut Self {
        // SAFETY: by the function's requirement.
        unsafe { (*sb).s_fs_info.cast() }
    }

    /// Runs first when the super block is killed: from here on nobody finds a way back to it.
    pub(super) fn kill(&self) {
        T::kill(&self.mount);
        if let Some(watched) = &self.watched {
            watched.close();
        }
    }

    /// Lets go of the inodes that the mount holds.
    ///
    /// # Safety
    ///
    /// As for [`Gone::new`].
    pub(super) unsafe fn release(&self) {
        // SAFETY: by the function's requirement.
        T::release(&self.mount, &unsafe { Gone::new() });
    }
}

/// A super block in `fill_super`: not yet alive, and ours alone.
pub(crate) struct NewSuper<'a, T: FileSystem> {
    sb: *mut bindings::super_block,
    /// The image, where that is a file.
    file: Option<ARef<File>>,
    /// What the mount reads from, besides the super block's device.
    open: KVVec<Opened>,
    /// The way back that was given, to be closed with the super block.
    watched: Option<Watched<T>>,
    _fs: PhantomData<&'a mut T>,
}

impl<'a, T: Operations> NewSuper<'a, T> {
    /// # Safety
    ///
    /// `sb` must be a super block of `T` that is being filled.
    pub(super) unsafe fn from_raw(
        sb: *mut bindings::super_block,
        file: Option<ARef<File>>,
    ) -> Self {
        Self {
            sb,
            file,
            open: KVVec::new(),
            watched: None,
            _fs: PhantomData,
        }
    }

    /// The type, with the module's own data.
    pub(crate) fn fs_type(&self) -> &'a FsType<T> {
        // SAFETY: the super block is of `T`, and its type outlives it.
        unsafe { FsType::from_raw((*self.sb).s_type) }
    }

    fn has_device(&self) -> bool {
        // SAFETY: the super block is ours alone.
        unsafe { !(*self.sb).s_bdev.is_null() }
    }

    /// Sets what a read-only super block has before its first block is read.
    pub(crate) fn begin(&mut self, magic: u64) -> Result {
        // SAFETY: the super block is ours alone.
        unsafe {
            (*self.sb).s_magic = magic as usize;
            (*self.sb).s_flags |= (bindings::COFS_SB_RDONLY | bindings::COFS_SB_NOATIME) as usize;
            (*self.sb).s_maxbytes = i64::MAX;
            (*self.sb).s_op = Table::<T>::get();
            (*self.sb).s_time_gran = 1;
        }
        if !self.has_device() {
            // SAFETY: the super block is ours alone.
            unsafe {
                to_result(bindings::super_setup_bdi(self.sb))?;
                bindings::cofs_super_set_id(self.sb);
            }
        }
        self.set_block_size(kernel::page::PAGE_SIZE as u32)
    }

    /// Sets the block size: EINVAL where the device cannot.
    pub(crate) fn set_block_size(&mut self, size: u32) -> Result {
        if !self.has_device() {
            // SAFETY: the super block is ours alone.
            unsafe {
                (*self.sb).s_blocksize = size as usize;
                (*self.sb).s_blocksize_bits = size.trailing_zeros() as u8;
            }
            return Ok(());
        }
        // SAFETY: the super block is ours alone and has a device.
        match unsafe { bindings::sb_set_blocksize(self.sb, size as i32) } {
            0 => Err(EINVAL),
            _ => Ok(()),
        }
    }

    /// What the image lies on; `direct` concerns files. It is open until the super block is shut
    /// down, before which [`FileSystem::kill`] waits for the readers.
    pub(crate) fn backing(&mut self, direct: bool) -> Result<Backing> {
        if self.has_device() {
            // SAFETY: `s_bdev` is set by get_tree_bdev, and open as promised.
            return Ok(Backing::Device(unsafe {
                Device::from_raw((*self.sb).s_bdev)
            }));
        }
        let file = self.file.take().ok_or(EINVAL)?;
        self.keep(Opened::File(file), direct)
    }

    fn keep(&mut self, opened: Opened, direct: bool) -> Result<Backing> {
        // SAFETY: it stays open as `backing` promises, since nothing leaves the list.
        let backing = unsafe { opened.backing(direct) };
        self.open.push(opened, GFP_KERNEL)?;
        Ok(backing)
    }

    /// Opens an extra device: of the kind that the source is, for no type but `T`. `direct`
    /// concerns files. It is open as long as [`Self::backing`].
    pub(crate) fn open_device(&mut self, path: &CStr, direct: bool) -> Result<Backing>
    where
        T: Mountable,
    {
        let opened = if self.has_device() {
            // SAFETY: the type outlives its super blocks, with which the device is closed.
            let opened = unsafe { Opened::device(path, (*self.sb).s_type.cast()) };
            // As erofs has it: here ENOTBLK would say that the source is no device.
            opened.map_err(|e| if e == ENOTBLK { EINVAL } else { e })?
        } else {
            let opened = Opened::file(path)?;
            let nests = |file| {
                // SAFETY: the file is open.
                unsafe { context::nests::<T>(file) }
            };
            if opened.as_file().is_some_and(nests) {
                return Err(ENOTBLK);
            }
            opened
        };
        self.keep(opened, direct)
    }

    /// The name that messages carry.
    pub(crate) fn id(&self) -> &CStr {
        // SAFETY: `s_id` is NUL-terminated and set before fill_super.
        unsafe { CStr::from_char_ptr((*self.sb).s_id.as_ptr().cast()) }
    }

    /// Names the super block's directory in sysfs, as erofs does: `s_id`, which is a device's name;
    /// where that is `taken`, such as by a device that is gone, the device's number.
    pub(crate) fn set_sysfs_name(&mut self, taken: bool) -> &CStr {
        // SAFETY: the super block is ours alone; the helper leaves a C string in it.
        unsafe { CStr::from_char_ptr(bindings::cofs_super_set_sysfs_name(self.sb, taken)) }
    }

    /// Sets `s_uuid`.
    pub(crate) fn set_uuid(&mut self, uuid: &[u8; 16]) {
        // SAFETY: the super block is ours alone, and the helper reads 16 bytes.
        unsafe { bindings::cofs_super_set_uuid(self.sb, uuid.as_ptr()) };
    }

    /// Sets or clears SB_POSIXACL.
    pub(crate) fn set_acl(&mut self, on: bool) {
        // SAFETY: the super block is ours alone.
        let flags = unsafe { &mut (*self.sb).s_flags };
        if on {
            *flags |= bindings::COFS_SB_POSIXACL as usize;
        } else {
            *flags &= !(bindings::COFS_SB_POSIXACL as usize);
        }
    }

    /// Offers file handles.
    pub(crate) fn set_export(&mut self)
    where
        T: export::Operations,
    {
        // CAST: the kernel crate knows the struct only by name.
        let table = core::ptr::from_ref(export::Table::<T>::get()).cast();
        // SAFETY: the super block is ours alone; the table is static.
        unsafe { (*self.sb).s_export_op = table };
    }

    /// Sets the handlers of extended attributes.
    pub(crate) fn set_xattr(&mut self)
    where
        T: xattr::Operations,
    {
        // SAFETY: the super block is ours alone; the table is static and null-terminated.
        unsafe { (*self.sb).s_xattr = xattr::Handlers::<T>::table() };
    }

    /// The way back to the super block, for what it will carry.
    pub(crate) fn watched(&mut self) -> Result<Watched<T>> {
        if let Some(watched) = &self.watched {
            return Ok(watched.clone());
        }
        // SAFETY: closed with the super block: in kill_sb, or when this is dropped.
        let watched = unsafe { Watched::new(self.sb) }?;
        self.watched = Some(watched.clone());
        Ok(watched)
    }

    /// Hands the mount's data to the super block, which from here on can make inodes.
    pub(crate) fn set_mount(&mut self, mount: Arc<T::Mount>) -> Result<&'a SuperBlock<T>> {
        let carried = KBox::<Carried<T>>::new_uninit(GFP_KERNEL)?.write(Carried {
            mount,
            watched: self.watched.take(),
            _open: core::mem::take(&mut self.open),
        });
        // SAFETY: the super block is ours alone; kill_sb takes the box back.
        unsafe { (*self.sb).s_fs_info = KBox::into_raw(carried).cast() };
        // INVARIANT: `s_fs_info` was just set.
        // SAFETY: the super block outlives `'a`.
        Ok(unsafe { SuperBlock::from_raw(self.sb) })
    }

    /// Sets the root, which ends the filling.
    pub(crate) fn set_root(&mut self, root: ARef<Inode<T>>) -> Result {
        // SAFETY: d_make_root consumes the reference, also when it fails.
        let dentry = unsafe { bindings::d_make_root(Inode::into_raw(root)) };
        if dentry.is_null() {
            return Err(ENOMEM);
        }
        // SAFETY: the super block is ours alone.
        unsafe { (*self.sb).s_root = dentry };
        Ok(())
    }
}

impl<T: FileSystem> Drop for NewSuper<'_, T> {
    fn drop(&mut self) {
        // The filling failed before the super block carried it.
        if let Some(watched) = &self.watched {
            watched.close();
        }
    }
}

/// The C table of `T`.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: Operations> Table<T> {
    const OPS: bindings::super_operations = bindings::super_operations {
        alloc_inode: Some(inode::alloc::<T>),
        free_inode: Some(inode::free::<T>),
        evict_inode: Some(Self::evict_inode),
        statfs: Some(Self::statfs),
        show_options: Some(Self::show_options),
        put_super: Some(Self::put_super),
        ..pin_init::zeroed()
    };

    pub(super) const fn get() -> &'static bindings::super_operations {
        &Self::OPS
    }

    /// # Safety
    ///
    /// Called by the VFS: the last reference to `inode` is gone.
    unsafe extern "C" fn evict_inode(inode: *mut bindings::inode) {
        // SAFETY: nobody else uses the inode any more.
        unsafe { bindings::truncate_inode_pages_final(&raw mut (*inode).i_data) };
        // SAFETY: the inode is one of `T`; one whose making failed is skipped.
        if let Some(inode) = unsafe { Inode::<T>::try_from_raw(inode) } {
            T::Lists::leave(inode);
            // SAFETY: this is evict_inode.
            T::evict(unsafe { Evicted::new(inode) });
        }
        // SAFETY: its pages are gone.
        unsafe { bindings::clear_inode(inode) };
    }

    /// # Safety
    ///
    /// Called by the VFS in kill_sb, after the inodes that nobody holds are evicted.
    unsafe extern "C" fn put_super(sb: *mut bindings::super_block) {
        // SAFETY: the super block is one of `T`, and `Carried::kill` has run.
        unsafe {
            if let Some(carried) = Carried::<T>::of(sb).as_ref() {
                carried.release();
            }
        }
    }

    /// # Safety
    ///
    /// Called by the VFS with a live dentry and a zeroed buffer.
    unsafe extern "C" fn statfs(
        dentry: *mut bindings::dentry,
        buf: *mut bindings::opaque_kstatfs,
    ) -> kernel::ffi::c_int {
        let buf: *mut bindings::kstatfs = buf.cast();
        // SAFETY: the dentry pins a super block of `T`.
        let sb = unsafe { SuperBlock::<T>::from_raw((*dentry).d_sb) };
        if let Some(s) = T::statfs(sb) {
            // SAFETY: `buf` is ours to fill.
            unsafe {
                (*buf).f_type = s.magic as isize;
                (*buf).f_bsize = s.block_size as isize;
                (*buf).f_blocks = s.blocks;
                (*buf).f_bfree = 0;
                (*buf).f_bavail = 0;
                (*buf).f_files = u64::MAX;
                (*buf).f_ffree = u64::MAX.wrapping_sub(s.inodes);
                (*buf).f_namelen = s.name_len as isize;
                bindings::cofs_statfs_fsid(sb.as_ptr(), buf);
            }
        }
        0
    }

    /// # Safety
    ///
    /// Called by the VFS with a live seq_file and dentry.
    unsafe extern "C" fn show_options(
        seq: *mut bindings::seq_file,
        dentry: *mut bindings::dentry,
    ) -> kernel::ffi::c_int {
        // SAFETY: `seq` is ours for the call.
        let seq = unsafe { SeqFile::from_raw(seq) };
        // SAFETY: the dentry pins a super block of `T`.
        let sb = unsafe { SuperBlock::<T>::from_raw((*dentry).d_sb) };
        from_result(|| {
            T::show_options(sb, seq);
            Ok(0)
        })
    }
}
