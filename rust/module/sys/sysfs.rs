// SPDX-License-Identifier: GPL-2.0

//! A directory below `/sys/fs` with files that show numbers.
//!
//! C headers: [`include/linux/kobject.h`](srctree/include/linux/kobject.h),
//! [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h)

use crate::bindings;
use core::{
    cell::UnsafeCell,
    marker::PhantomData, //
};
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// What a directory shows.
pub(crate) trait Show: Send + Sync + 'static {
    /// The names of the files.
    const FILES: &'static [&'static CStr];

    /// The number in file `index` of [`Self::FILES`].
    fn show(&self, index: usize) -> u64;
}

/// One file. sysfs hands it back to `show`, which finds the directory from it.
#[repr(C)]
struct File<T> {
    attribute: bindings::kobj_attribute,
    index: usize,
    data: *const T,
}

/// The directory.
///
/// # Invariants
///
/// `files` describes the files that are in sysfs, each pointing to `data`.
#[pin_data(PinnedDrop)]
pub(crate) struct Directory<T: Show> {
    kobject: *mut bindings::kobject,
    files: UnsafeCell<KVec<File<T>>>,
    #[pin]
    data: Opaque<T>,
    _data: PhantomData<T>,
}

// SAFETY: after construction the directory is not written; `T` is Sync.
unsafe impl<T: Show> Sync for Directory<T> {}
// SAFETY: may be dropped on any thread.
unsafe impl<T: Show> Send for Directory<T> {}

impl<T: Show> Directory<T> {
    /// Makes `/sys/fs/NAME`.
    pub(crate) fn new(name: &'static CStr, data: T) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            data <- Opaque::new(data).pin_chain(|_| Ok(())),
            kobject: {
                // SAFETY: `fs_kobj` is made at boot, and the name is a C string.
                let kobject = unsafe {
                    bindings::kobject_create_and_add(name.as_char_ptr(), bindings::fs_kobj)
                };
                if kobject.is_null() {
                    return Err(ENOMEM);
                }
                kobject
            },
            files: UnsafeCell::new(KVec::new()),
            _data: PhantomData,
        }? Error)
        .pin_chain(|this| this.populate())
    }

    fn populate(self: Pin<&mut Self>) -> Result {
        // SAFETY: under construction: nobody else looks at the list, and nothing is moved.
        let files = unsafe { &mut *self.files.get() };
        files.reserve(T::FILES.len(), GFP_KERNEL)?;
        for (index, name) in T::FILES.iter().enumerate() {
            // SAFETY: all-zero is a valid attribute.
            let mut attribute: bindings::kobj_attribute = unsafe { core::mem::zeroed() };
            attribute.attr.name = name.as_char_ptr();
            attribute.attr.mode = 0o444;
            attribute.show = Some(Self::show);
            files.push(
                File {
                    attribute,
                    index,
                    data: self.data.get(),
                },
                GFP_KERNEL,
            )?;
        }
        for file in files.iter_mut() {
            // SAFETY: the attribute is ours; this names its lock class.
            unsafe { bindings::cofs_sysfs_attr_init(&raw mut file.attribute.attr) };
            // SAFETY: the attribute stays where it is, for the vector does not grow any more,
            // until the kobject is gone.
            to_result(unsafe {
                bindings::sysfs_create_file_ns(
                    self.kobject,
                    &raw const file.attribute.attr,
                    core::ptr::null(),
                )
            })?;
        }
        Ok(())
    }

    /// # Safety
    ///
    /// Called by sysfs with an attribute of a live directory and a page to write to.
    unsafe extern "C" fn show(
        _kobject: *mut bindings::kobject,
        attribute: *mut bindings::kobj_attribute,
        buf: *mut kernel::ffi::c_char,
    ) -> isize {
        // CAST: the attribute is the first field of a `repr(C)` file.
        let file = attribute.cast::<File<T>>();
        // SAFETY: sysfs removes the file, and waits for readers, before the directory is freed.
        let value = unsafe { (*(*file).data).show((*file).index) };
        // SAFETY: `buf` is the page that sysfs passed; sysfs_emit bounds itself to it.
        unsafe { bindings::sysfs_emit(buf, c"%llu\n".as_char_ptr(), value) as isize }
    }
}

#[pinned_drop]
impl<T: Show> PinnedDrop for Directory<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: our reference; with it the files go, and readers have left when it returns.
        unsafe {
            bindings::kobject_del(self.kobject);
            bindings::kobject_put(self.kobject);
        }
        // SAFETY: `data` is initialised, and nobody reads it any more.
        unsafe { core::ptr::drop_in_place(self.data.get()) };
    }
}
