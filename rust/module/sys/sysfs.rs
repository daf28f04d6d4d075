// SPDX-License-Identifier: GPL-2.0

//! Directories below `/sys/fs`, and files that say one thing each.
//!
//! C headers: [`include/linux/kobject.h`](srctree/include/linux/kobject.h),
//! [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h)

use crate::bindings;
use core::{
    fmt::{
        Display,
        Write, //
    },
    marker::PhantomData, //
};
use kernel::{
    container_of,
    error::{
        from_result,
        to_result, //
    },
    page::PAGE_SIZE,
    prelude::*,
    sync::Completion,
    types::Opaque, //
};

/// What a file shows: up to one page of text.
pub(crate) struct Text<'a> {
    page: &'a mut [u8],
    len: usize,
}

impl Text<'_> {
    /// Adds `value` and ends the line. EFBIG where the page is full.
    pub(crate) fn line(&mut self, value: impl Display) -> Result {
        writeln!(self, "{value}").map_err(|_| EFBIG)
    }
}

impl Write for Text<'_> {
    fn write_str(&mut self, s: &str) -> core::fmt::Result {
        let end = self.len.checked_add(s.len()).ok_or(core::fmt::Error)?;
        self.page
            .get_mut(self.len..end)
            .ok_or(core::fmt::Error)?
            .copy_from_slice(s.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// One file of a directory that carries a `T`. Its functions may sleep.
#[repr(C)]
pub(crate) struct File<T> {
    attribute: bindings::attribute,
    show: fn(&T, &mut Text<'_>) -> Result,
    store: fn(&T, &[u8]) -> Result,
}

impl<T> File<T> {
    /// A file to read.
    pub(crate) const fn new(name: &'static CStr, show: fn(&T, &mut Text<'_>) -> Result) -> Self {
        Self::with(name, 0o444, show, |_, _| Err(EIO))
    }

    /// A file for root to read.
    pub(crate) const fn private(
        name: &'static CStr,
        show: fn(&T, &mut Text<'_>) -> Result,
    ) -> Self {
        Self::with(name, 0o400, show, |_, _| Err(EIO))
    }

    /// A file to read and, by root, to write. `store` sees what was written without the newline that
    /// echo appends.
    pub(crate) const fn writable(
        name: &'static CStr,
        show: fn(&T, &mut Text<'_>) -> Result,
        store: fn(&T, &[u8]) -> Result,
    ) -> Self {
        Self::with(name, 0o644, show, store)
    }

    /// A file that root writes, to have something done. `store` is as for [`Self::writable`].
    pub(crate) const fn command(name: &'static CStr, store: fn(&T, &[u8]) -> Result) -> Self {
        Self::with(name, 0o200, |_, _| Err(EIO), store)
    }

    // On kernels without lockdep an attribute has no more fields.
    #[allow(clippy::needless_update)]
    const fn with(
        name: &'static CStr,
        mode: u16,
        show: fn(&T, &mut Text<'_>) -> Result,
        store: fn(&T, &[u8]) -> Result,
    ) -> Self {
        Self {
            attribute: bindings::attribute {
                name: name.to_bytes_with_nul().as_ptr(),
                mode,
                ..pin_init::zeroed()
            },
            show,
            store,
        }
    }
}

/// What a directory carries, and its files.
pub(crate) trait Attributes: Sized + Send + Sync + 'static {
    /// The files.
    const FILES: &'static [File<Self>];
}

/// A directory.
///
/// # Invariants
///
/// `kobject` is initialised, and its files are `T::FILES`. When `released` is complete nothing
/// refers to it any more.
#[pin_data(PinnedDrop)]
pub(crate) struct Directory<T: Attributes> {
    #[pin]
    kobject: Opaque<bindings::kobject>,
    #[pin]
    released: Completion,
    data: T,
}

// SAFETY: C locks the kobject; `T` is Sync.
unsafe impl<T: Attributes> Sync for Directory<T> {}
// SAFETY: may be dropped on any thread.
unsafe impl<T: Attributes> Send for Directory<T> {}

impl<T: Attributes> Directory<T> {
    /// Makes `/sys/fs/NAME`.
    pub(crate) fn new(name: &CStr, data: T) -> impl PinInit<Self, Error> + use<'_, T> {
        // SAFETY: made at boot, and never removed.
        unsafe { Self::below(bindings::fs_kobj, name, data) }
    }

    /// Makes a directory in this one, which stays at least as long. `name` must be free.
    pub(crate) fn child<'a, C: Attributes>(
        &'a self,
        name: &'a CStr,
        data: C,
    ) -> impl PinInit<Directory<C>, Error> + use<'a, T, C> {
        // SAFETY: the kobject is initialised; that of the child holds a reference to it.
        unsafe { Directory::below(self.kobject.get(), name, data) }
    }

    /// # Safety
    ///
    /// `parent` must be a live kobject when this is initialised, and stay at least as long.
    unsafe fn below(
        parent: *mut bindings::kobject,
        name: &CStr,
        data: T,
    ) -> impl PinInit<Self, Error> + use<'_, T> {
        try_pin_init!(Self {
            data,
            released <- Completion::new(),
            kobject <- Opaque::ffi_init(|slot: *mut bindings::kobject| {
                // SAFETY: `slot` is valid for writes; all-zero is what kobject_init() wants.
                unsafe {
                    slot.write_bytes(0, 1);
                    bindings::kobject_init(slot, Table::<T>::get());
                }
            }),
        }? Error)
        .pin_chain(move |this| this.add(parent, name))
    }

    /// Where this fails the directory is dropped, and with it what was made.
    fn add(&self, parent: *mut bindings::kobject, name: &CStr) -> Result {
        let kobject = self.kobject.get();
        // SAFETY: initialised, and pinned until it is released; both strings are C strings, and
        // the name is copied.
        to_result(unsafe {
            bindings::kobject_add(kobject, parent, c"%s".as_char_ptr(), name.as_char_ptr())
        })?;
        for file in T::FILES {
            // SAFETY: the kobject is in sysfs, and the attribute is static.
            to_result(unsafe {
                bindings::sysfs_create_file_ns(kobject, &file.attribute, core::ptr::null())
            })?;
        }
        Ok(())
    }

    /// Whether the directory has an entry `name`.
    pub(crate) fn contains(&self, name: &CStr) -> bool {
        // SAFETY: the kobject is in sysfs, and the reference that is found is given back.
        unsafe {
            let found = bindings::kernfs_find_and_get_ns(
                (*self.kobject.get()).sd,
                name.as_char_ptr(),
                core::ptr::null(),
            );
            bindings::kernfs_put(found);
            !found.is_null()
        }
    }
}

#[pinned_drop]
impl<T: Attributes> PinnedDrop for Directory<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: initialised, and the first reference is ours. Once it is out of sysfs, nobody is
        // in `show` or `store`, also not through files that stay open.
        unsafe {
            bindings::kobject_del(self.kobject.get());
            bindings::kobject_put(self.kobject.get());
        }
        self.released.wait_for_completion();
    }
}

/// The C tables of directories with a `T`.
struct Table<T>(PhantomData<T>);

impl<T: Attributes> Table<T> {
    const OPS: bindings::sysfs_ops = bindings::sysfs_ops {
        show: Some(Self::show),
        store: Some(Self::store),
    };

    const TYPE: bindings::kobj_type = bindings::kobj_type {
        release: Some(Self::release),
        sysfs_ops: &Self::OPS,
        ..pin_init::zeroed()
    };

    const fn get() -> &'static bindings::kobj_type {
        &Self::TYPE
    }

    /// # Safety
    ///
    /// `kobject` must be that of a live directory, and `attribute` that of a file in it.
    unsafe fn find<'a>(
        kobject: *mut bindings::kobject,
        attribute: *mut bindings::attribute,
    ) -> (&'a T, &'a File<T>) {
        let kobject = Opaque::cast_from(kobject);
        // SAFETY: by the function's requirement; the attribute is the first field of its file.
        unsafe {
            let directory = container_of!(kobject, Directory<T>, kobject);
            (&(*directory).data, &*attribute.cast::<File<T>>())
        }
    }

    /// # Safety
    ///
    /// Called by sysfs with a page to write to.
    unsafe extern "C" fn show(
        kobject: *mut bindings::kobject,
        attribute: *mut bindings::attribute,
        buf: *mut kernel::ffi::c_char,
    ) -> isize {
        // SAFETY: sysfs waits for its readers before it lets a directory go.
        let (data, file) = unsafe { Self::find(kobject, attribute) };
        // SAFETY: sysfs passes a page, zeroed, which is ours for the call.
        let page = unsafe { core::slice::from_raw_parts_mut(buf.cast::<u8>(), PAGE_SIZE - 1) };
        let mut text = Text { page, len: 0 };
        from_result(|| {
            (file.show)(data, &mut text)?;
            Ok(text.len as isize)
        })
    }

    /// # Safety
    ///
    /// Called by sysfs with what was written, `len` bytes of it.
    unsafe extern "C" fn store(
        kobject: *mut bindings::kobject,
        attribute: *mut bindings::attribute,
        buf: *const kernel::ffi::c_char,
        len: usize,
    ) -> isize {
        // SAFETY: as for show().
        let (data, file) = unsafe { Self::find(kobject, attribute) };
        // SAFETY: by the function's requirement.
        let bytes = unsafe { core::slice::from_raw_parts(buf.cast::<u8>(), len) };
        from_result(|| {
            (file.store)(data, bytes.strip_suffix(b"\n").unwrap_or(bytes))?;
            Ok(len as isize)
        })
    }

    /// # Safety
    ///
    /// Called by the last kobject_put().
    unsafe extern "C" fn release(kobject: *mut bindings::kobject) {
        let kobject = Opaque::cast_from(kobject);
        // SAFETY: the directory is in drop(), which waits for this.
        unsafe {
            (*container_of!(kobject, Directory<T>, kobject))
                .released
                .complete_all()
        };
    }
}
