// SPDX-License-Identifier: GPL-2.0

//! Reads and faults of files whose pages are decoded: what is in flight is finished on the thread
//! that needs it, before mm looks at the pages again. mm alone would sleep until a worker does it.
//!
//! A thread first tries what needs no I/O, then starts to read ahead, then decodes what it needs
//! of what is on its way. Whoever may not wait does none of this.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use super::{
    address_space::AddressSpace,
    file::{
        Operations,
        NOIO, //
    },
    inode::Inode, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    mem::MaybeUninit,
    ops::Range, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

const PAGE: u64 = PAGE_SIZE as u64;

/// As many pages are looked at before a splice, which has room for less.
const SPLICE_PAGES: u64 = 256;

/// An open file, its inode and the pages that it reads.
struct Open<'a, T: Operations> {
    file: *mut bindings::file,
    inode: &'a Inode<T>,
    mapping: &'a AddressSpace,
}

impl<T: Operations> Open<'_, T> {
    /// # Safety
    ///
    /// `file` must be an open file of `T`, and stay so for as long as this is used.
    unsafe fn new(file: *mut bindings::file) -> Self {
        // SAFETY: by the function's requirement; a file pins its inode and its mapping.
        unsafe {
            Self {
                file,
                inode: Inode::from_raw((*file).f_inode),
                mapping: AddressSpace::from_raw((*file).f_mapping),
            }
        }
    }

    /// Starts to read ahead for `range`, whose first page is not there or says that it is time, and
    /// decodes what of it is under way. EINTR if a signal kills this thread.
    fn read(&self, range: Range<u64>, drop_behind: bool) -> Result {
        let first = range.start / PAGE;
        let last = range.end.div_ceil(PAGE);
        // SAFETY: the file is open.
        unsafe {
            bindings::cofs_read_ahead(self.file, first as usize, last as usize, drop_behind);
        }
        T::finish(self.inode, self.mapping, range)
    }
}

/// How many bytes `to` has left; that is the same field in all of them.
///
/// # Safety
///
/// `to` must be valid.
unsafe fn count_of(to: *mut bindings::iov_iter) -> *mut usize {
    // SAFETY: by the function's requirement.
    unsafe { &raw mut (*to).__bindgen_anon_1.__bindgen_anon_1.as_mut().count }
}

/// `->read_iter`.
///
/// # Safety
///
/// Both must be of a read of an open file of `T` that may wait.
pub(super) unsafe fn read_iter<T: Operations>(
    iocb: *mut bindings::kiocb,
    to: *mut bindings::iov_iter,
) -> isize {
    // SAFETY: both are ours for the call.
    unsafe {
        let read = read_there(iocb, to, 0);
        if *count_of(to) == 0 {
            return read;
        }
        read_rest::<T>(iocb, to, read)
    }
}

/// Reads what is there. EAGAIN if that is nothing.
///
/// # Safety
///
/// Both must be of a read of an open file.
unsafe fn read_there(
    iocb: *mut bindings::kiocb,
    to: *mut bindings::iov_iter,
    done: isize,
) -> isize {
    // SAFETY: both are ours for the call.
    unsafe {
        (*iocb).ki_flags |= NOIO;
        let read = bindings::filemap_read(iocb, to, done);
        (*iocb).ki_flags &= !NOIO;
        read
    }
}

/// Goes on when that was not all: it has given `read`.
///
/// # Safety
///
/// As for [`read_iter`].
#[cold]
unsafe fn read_rest<T: Operations>(
    iocb: *mut bindings::kiocb,
    to: *mut bindings::iov_iter,
    mut read: isize,
) -> isize {
    // SAFETY: the file stays open for the read, and both are ours for the call.
    unsafe {
        let open = Open::<T>::new((*iocb).ki_filp);
        let count = count_of(to);
        let drop_behind = (*iocb).ki_flags as u32 & bindings::COFS_IOCB_DONTCACHE != 0;
        let mut done = 0;
        let mut stuck = u64::MAX;
        loop {
            let (pos, left) = ((*iocb).ki_pos as u64, *count);
            if left == 0 || pos >= open.inode.size() {
                return read;
            }
            if read >= 0 {
                done = read;
            } else if read != EAGAIN.to_errno() as isize {
                return read;
            }
            if !T::may_decode(open.inode) {
                return bindings::filemap_read(iocb, to, done);
            }
            if pos != stuck {
                stuck = pos;
                let range = pos..pos.saturating_add(left as u64);
                if open.read(range, drop_behind).is_ok() {
                    read = read_there(iocb, to, done);
                    continue;
                }
            }
            // Another thread is about to fill the page, or it fails, or memory faults, or a signal
            // came: mm knows what to do.
            let rest = left.saturating_sub((PAGE - pos % PAGE) as usize);
            *count = left - rest;
            let mm_read = bindings::filemap_read(iocb, to, done);
            *count += rest;
            if mm_read < 0 || *count == 0 || (*iocb).ki_pos as u64 == pos {
                return mm_read;
            }
            done = mm_read;
            read = read_there(iocb, to, done);
        }
    }
}

/// `->read_iter` of a read that is called back when a page is there.
///
/// # Safety
///
/// Both must be of such a read of an open file of `T`.
pub(super) unsafe fn read_called_back<T: Operations>(
    iocb: *mut bindings::kiocb,
    to: *mut bindings::iov_iter,
) -> isize {
    // SAFETY: the file stays open for the read, and both are ours for the call.
    unsafe {
        let open = Open::<T>::new((*iocb).ki_filp);
        let pos = (*iocb).ki_pos as u64;
        let range = pos..pos.saturating_add(*count_of(to) as u64);
        let read = bindings::filemap_read(iocb, to, 0);
        // Whoever is called does not decode it.
        T::hand_over(open.inode, open.mapping, range);
        read
    }
}

/// What `->splice_read` does before mm's.
///
/// # Safety
///
/// `file` must be an open file of `T`.
pub(super) unsafe fn before_splice<T: Operations>(file: *mut bindings::file, pos: u64, len: u64) {
    // SAFETY: by the function's requirement.
    let open = unsafe { Open::<T>::new(file) };
    let end = pos
        .saturating_add(len.min(SPLICE_PAGES * PAGE))
        .min(open.inode.size());
    let mut last = u64::MAX;
    loop {
        // SAFETY: the mapping is the file's.
        let index = unsafe {
            let (first, end) = (pos / PAGE, end.div_ceil(PAGE));
            bindings::cofs_first_unread(open.mapping.as_ptr(), first as usize, end as usize)
        } as u64;
        let start = index.saturating_mul(PAGE).max(pos);
        if start >= end || last == index || open.read(start..end, false).is_err() {
            return;
        }
        last = index;
    }
}

/// `struct vm_operations_struct` of mappings of such files.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: Operations> Table<T> {
    const OPS: bindings::vm_operations_struct = bindings::vm_operations_struct {
        fault: Some(Self::fault),
        map_pages: Some(bindings::filemap_map_pages),
        ..pin_init::zeroed()
    };

    pub(super) const fn get() -> &'static bindings::vm_operations_struct {
        &Self::OPS
    }

    /// # Safety
    ///
    /// Called by mm with a fault on a mapping of an open file of `T`.
    unsafe extern "C" fn fault(vmf: *mut bindings::vm_fault) -> bindings::vm_fault_t {
        // SAFETY: the fault is ours for the call, and its vma of such a file; its lock, and with it the vma,
        // is let go only where the page is not there, as mm would have done, and then mm tries the
        // fault again. cofs_fault_leave() fills `around` whenever it returns a file.
        unsafe {
            let pos = ((*vmf).__bindgen_anon_1.pgoff as u64).saturating_mul(PAGE);
            let mapped = Open::<T>::new((*(*vmf).__bindgen_anon_1.vma).vm_file);
            if !T::may_decode(mapped.inode) {
                return bindings::filemap_fault(vmf);
            }
            let mut around = MaybeUninit::uninit();
            let file = bindings::cofs_fault_leave(vmf, around.as_mut_ptr());
            if file.is_null() {
                return bindings::filemap_fault(vmf);
            }
            let open = Open::<T>::new(file);
            bindings::cofs_read_around(file, around.as_ptr());
            // If a signal kills this thread the fault's caller sees it.
            let _ = T::finish(open.inode, open.mapping, pos..pos.saturating_add(PAGE));
            bindings::fput(file);
            bindings::vm_fault_reason_VM_FAULT_MAJOR | bindings::vm_fault_reason_VM_FAULT_RETRY
        }
    }
}
