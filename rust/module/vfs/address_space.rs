// SPDX-License-Identifier: GPL-2.0

//! Mappings and `struct address_space_operations`.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use super::asked_folio::AskedFolio;
use super::file::File;
use super::folio::{
    Filled,
    LockedFolio,
    MappedPage, //
};
use super::fs_type::FileSystem;
use super::inode::Inode;
use super::inode_ops::status;
use super::iomap;
use super::readahead::Window;
use crate::bindings;
use core::{
    marker::PhantomData,
    ops::Range,
    ptr::NonNull, //
};
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// The pages of an inode or a device.
#[repr(transparent)]
pub(crate) struct AddressSpace(Opaque<bindings::address_space>);

impl PartialEq for AddressSpace {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

impl AddressSpace {
    /// # Safety
    ///
    /// `mapping` must be live for `'a`.
    pub(crate) unsafe fn from_raw<'a>(mapping: *mut bindings::address_space) -> &'a Self {
        // CAST: the struct is transparent.
        // SAFETY: by the function's requirement.
        unsafe { &*mapping.cast() }
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::address_space {
        self.0.get()
    }

    /// Page `index`, read if need be, in the name of `file` for file systems that ask. May sleep.
    pub(crate) fn read_page(
        &self,
        index: u64,
        file: Option<NonNull<bindings::file>>,
    ) -> Result<MappedPage> {
        let file = file.map_or(core::ptr::null_mut(), NonNull::as_ptr);
        let (mut folio, mut address) = (core::ptr::null_mut(), core::ptr::null_mut());
        // SAFETY: the mapping is live, and the rest is ours.
        to_result(unsafe {
            bindings::cofs_map_page(
                self.0.get(),
                index as usize,
                file,
                &raw mut folio,
                &raw mut address,
            )
        })?;
        // SAFETY: the helper has mapped a page of an uptodate folio, to which it took a reference.
        Ok(unsafe { MappedPage::from_raw(folio, address.cast()) })
    }

    /// The first of `pages` that is not there or not uptodate; their end if all are.
    pub(crate) fn first_unread(&self, pages: Range<u64>) -> u64 {
        let (first, end) = (pages.start as usize, pages.end as usize);
        // SAFETY: the mapping is live.
        let unread = unsafe { bindings::cofs_first_unread(self.as_ptr(), first, end) as u64 };
        // A large folio may end behind them.
        unread.min(pages.end)
    }

    /// Starts to read those of `pages` that are not there, for the open file of the mapping if there
    /// is one.
    pub(crate) fn read_ahead(&self, pages: Range<u64>, file: Option<NonNull<bindings::file>>) {
        let file = file.map_or(core::ptr::null_mut(), NonNull::as_ptr);
        let (first, count) = (pages.start, pages.end.saturating_sub(pages.start));
        // SAFETY: the mapping is live.
        unsafe {
            bindings::cofs_read_ahead_pages(self.as_ptr(), file, first as usize, count as usize);
        }
    }

    /// A number that no other mapping has meanwhile.
    pub(crate) fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Pages present.
    pub(crate) fn pages(&self) -> u64 {
        // SAFETY: the mapping is live; the count is read as C does, without a lock.
        unsafe { (&raw const (*self.0.get()).nrpages).read_volatile() as u64 }
    }

    /// The size of the file or device that the pages are of, in bytes.
    pub(crate) fn size(&self) -> u64 {
        // SAFETY: the mapping is live, and has a host.
        let size = unsafe { bindings::cofs_i_size_read((*self.as_ptr()).host) };
        u64::try_from(size).unwrap_or(0)
    }

    /// From here on nobody's memory cgroup is charged for pages. Only while there are none.
    pub(super) fn charge_nobody(&self) {
        // SAFETY: the mapping is live.
        unsafe { bindings::cofs_mapping_set_kernel_file(self.as_ptr()) };
    }

    /// Drops the pages that nobody uses.
    pub(crate) fn drop_unused(&self) {
        // SAFETY: the mapping is live.
        unsafe { bindings::invalidate_mapping_pages(self.as_ptr(), 0, usize::MAX) };
    }

    /// Whether these are the own pages of `inode`.
    pub(super) fn is_own_of(&self, inode: *mut bindings::inode) -> bool {
        // SAFETY: a mapping in use has a host.
        unsafe { (*self.0.get()).host == inode }
    }

    /// The inode that the pages belong to.
    ///
    /// # Safety
    ///
    /// It must be an inode of `T`.
    unsafe fn host<T: FileSystem>(&self) -> &Inode<T> {
        // SAFETY: a mapping in use has a live host; its type is the caller's promise.
        unsafe { Inode::from_raw((*self.0.get()).host) }
    }
}

/// `struct address_space_operations` of inodes of `Self`, as `Host`.
///
/// The VFS has turned off reclaim into file systems for readahead, not for `read_folio`.
pub(crate) trait Operations: 'static {
    /// The type of file system whose inodes have the table.
    type Host: FileSystem;

    /// `->read_folio`: fills a folio of `inode`. `file` is who reads, where anyone is known.
    /// `asked` is the same folio, for whoever wants to know what came of it.
    fn read_folio(
        inode: &Inode<Self::Host>,
        file: Option<&File>,
        folio: LockedFolio,
        asked: &AskedFolio<'_>,
    ) -> Result;

    /// Whether [`Self::filled`] does anything but publish.
    const DECIDES: bool = false;

    /// All bytes of a folio are there: publishes it, now or later, or drops it. May run in an
    /// interrupt.
    fn filled(_inode: &Inode<Self::Host>, folio: Filled) {
        folio.publish();
    }

    /// `->readahead`: starts to fill the folios of `window`. Errors stay in the folios.
    fn readahead(inode: &Inode<Self::Host>, file: Option<&File>, window: &mut Window<'_>);
}

/// A C table, and what C has no operation for.
///
/// # Invariants
///
/// Every folio that this module fills is in a mapping whose `a_ops` is the first field of one.
#[repr(C)]
struct Extended {
    c: bindings::address_space_operations,
    /// Absent where every folio is published.
    filled: Option<unsafe fn(Filled)>,
}

impl Extended {
    /// # Safety
    ///
    /// `folio` must be locked, and one that this module fills.
    unsafe fn of(folio: *mut bindings::folio) -> &'static Self {
        // SAFETY: a locked folio has a mapping; by the type invariant its table is extended.
        // CAST: the C table is the first field.
        unsafe {
            let mapping = (*folio).__bindgen_anon_1.__bindgen_anon_1.mapping;
            &*(*mapping).a_ops.cast()
        }
    }
}

/// Has the folio's mapping publish it, or decide otherwise.
pub(super) fn filled(folio: Filled) {
    // SAFETY: the folio is locked and ours, and the function that of its own table.
    unsafe {
        match Extended::of(folio.as_ptr()).filled {
            Some(filled) => filled(folio),
            None => folio.publish(),
        }
    }
}

/// The C table of `T`.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: Operations> Table<T> {
    const EXTENDED: Extended = Self::extended(Self::OPS);

    const fn extended(c: bindings::address_space_operations) -> Extended {
        Extended {
            c,
            filled: if T::DECIDES { Some(Self::filled) } else { None },
        }
    }

    const OPS: bindings::address_space_operations = bindings::address_space_operations {
        read_folio: Some(Self::read_folio),
        readahead: Some(Self::readahead),
        direct_IO: Some(bindings::noop_direct_IO),
        migrate_folio: Some(bindings::filemap_migrate_folio),
        error_remove_folio: Some(bindings::generic_error_remove_folio),
        ..pin_init::zeroed()
    };

    pub(super) const fn get() -> &'static bindings::address_space_operations {
        let extended: &'static Extended = &Self::EXTENDED;
        &extended.c
    }

    /// The inode that a folio belongs to.
    ///
    /// # Safety
    ///
    /// The folio must be locked for `'a`, and in a mapping with this table.
    unsafe fn host<'a>(folio: *mut bindings::folio) -> &'a Inode<T::Host> {
        // SAFETY: a locked folio has a mapping, and the table is given to inodes of the host type
        // only. The mapping outlives the folio's lock.
        unsafe {
            let mapping = (*folio).__bindgen_anon_1.__bindgen_anon_1.mapping;
            AddressSpace::from_raw(mapping).host::<T::Host>()
        }
    }

    /// # Safety
    ///
    /// The folio must be in a mapping with this table.
    unsafe fn filled(folio: Filled) {
        // SAFETY: by the function's requirement.
        T::filled(unsafe { Self::host(folio.as_ptr()) }, folio);
    }

    /// # Safety
    ///
    /// Called by mm with a locked folio of a mapping with this table, and perhaps a file.
    unsafe extern "C" fn read_folio(
        file: *mut bindings::file,
        folio: *mut bindings::folio,
    ) -> kernel::ffi::c_int {
        // SAFETY: a locked folio has a mapping.
        let mapping =
            unsafe { AddressSpace::from_raw((*folio).__bindgen_anon_1.__bindgen_anon_1.mapping) };
        // SAFETY: the table is given to inodes of the host type only.
        let inode = unsafe { mapping.host::<T::Host>() };
        // SAFETY: the file, if any, is open for the call.
        let file = unsafe { File::from_raw(file) };
        // SAFETY: the folio is locked, and unlocking it is the callee's duty; mm refers to it for
        // the call, since it waits for the unlocking afterwards.
        let (asked, folio) = unsafe {
            let folio = NonNull::new_unchecked(folio);
            (
                AskedFolio::from_raw(folio, mapping),
                LockedFolio::from_raw(folio),
            )
        };
        status(|| T::read_folio(inode, file, folio, &asked))
    }

    /// # Safety
    ///
    /// Called by mm with a window of locked folios of a mapping with this table.
    unsafe extern "C" fn readahead(rac: *mut bindings::readahead_control) {
        // SAFETY: the control and what it points to are live for the call.
        let (mapping, file) = unsafe {
            (
                AddressSpace::from_raw((*rac).mapping),
                File::from_raw((*rac).file),
            )
        };
        // SAFETY: the table is given to inodes of the host type only.
        let inode = unsafe { mapping.host::<T::Host>() };
        // SAFETY: mm passes a valid pointer, for the call.
        let mut window = unsafe { Window::from_raw(NonNull::new_unchecked(rac)) };
        T::readahead(inode, file, &mut window);
    }
}

impl<T: Operations<Host = T> + iomap::Operations> Table<T> {
    const WITH_BMAP: Extended = Self::extended(bindings::address_space_operations {
        bmap: Some(iomap::Table::<T>::bmap),
        ..Self::OPS
    });

    /// The same, for files whose blocks FIBMAP may name: those of a block device's image.
    pub(super) const fn with_bmap() -> &'static bindings::address_space_operations {
        let extended: &'static Extended = &Self::WITH_BMAP;
        &extended.c
    }
}
