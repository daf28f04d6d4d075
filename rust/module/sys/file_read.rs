// SPDX-License-Identifier: GPL-2.0

//! Reads from a backing file into folios. A bio that no device sees carries the folios, so that
//! they are collected and ended as those of a device are.
//!
//! C header: [`include/linux/uio.h`](srctree/include/linux/uio.h)

use super::{
    backing::BackingFile,
    bio::{
        end_folios,
        tell_lost,
        Owner,
        RAHEAD,
        SECTOR_SIZE, //
    },
    failed_bio, //
};
use crate::bindings;
use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::{
    container_of,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full, //
        },
        rcu,
        Arc, //
    },
    types::ForeignOwnable, //
};

/// Vectors of a request.
const VECS: usize = 16;

/// One request.
///
/// # Invariants
///
/// `references` counts the submitter and the completion: either may be the last to look.
#[repr(C)]
pub(super) struct FileRead {
    bio: bindings::bio,
    vecs: [bindings::bio_vec; VECS],
    iocb: bindings::kiocb,
    references: Atomic<i32>,
    /// Of the read, once it is known.
    result: Result,
}

impl FileRead {
    /// A request without folios; its bio is what [`submit`] takes. `bi_private` becomes `owner`.
    pub(super) fn start<T: Owner>(
        file: BackingFile,
        pos: u64,
        flags: u32,
        owner: Arc<T>,
    ) -> Result<NonNull<bindings::bio>> {
        let request = KBox::<MaybeUninit<Self>>::new_uninit(GFP_KERNEL)?;
        let request = KBox::into_raw(request).cast::<Self>();
        // SAFETY: the memory is ours; all-zero is valid for every field that C looks at, and bio_init gives the
        // bio its vectors, which do not move any more.
        unsafe {
            request.write_bytes(0, 1);
            let bio = &raw mut (*request).bio;
            let vecs = (&raw mut (*request).vecs).cast();
            bindings::bio_init(bio, core::ptr::null_mut(), vecs, VECS as u16, flags);
            (*bio).bi_iter.bi_sector = pos / SECTOR_SIZE;
            (*bio).bi_private = owner.into_foreign().cast();
            (*request).iocb.ki_filp = file.as_ptr();
            (*request).iocb.ki_flags = file.read_flags();
            (*request).iocb.ki_complete = Some(complete::<T>);
            (*request).references = Atomic::new(2);
            (&raw mut (*request).result).write(Ok(()));
            Ok(NonNull::new_unchecked(bio))
        }
    }

    /// # Safety
    ///
    /// `request` must be live, and the caller one of those that `references` counts.
    unsafe fn put(request: *mut Self) {
        // SAFETY: by the function's requirement.
        if unsafe { (*request).references.fetch_sub(1, Full) } == 1 {
            // SAFETY: nobody else looks any more; the memory is from `start`.
            unsafe {
                bindings::bio_uninit(&raw mut (*request).bio);
                drop(KBox::<MaybeUninit<Self>>::from_raw(request.cast()));
            }
        }
    }
}

/// Submits a request whose folios are collected, as whoever opened the file.
///
/// # Safety
///
/// `bio` must be from [`FileRead::start`] with the same `T`, each once.
pub(super) unsafe fn submit<T: Owner>(bio: NonNull<bindings::bio>) {
    // CAST: the bio is the first field of the `repr(C)` request.
    let request = bio.as_ptr().cast::<FileRead>();
    let mut iter = MaybeUninit::<bindings::iov_iter>::zeroed();
    // SAFETY: the request is ours until it is submitted, and the submitter's reference keeps its
    // memory until `put`. The iterator borrows the vectors.
    unsafe {
        let bio = &raw mut (*request).bio;
        let iocb = &raw mut (*request).iocb;
        (*iocb).ki_pos = ((*bio).bi_iter.bi_sector * SECTOR_SIZE) as i64;
        bindings::iov_iter_bvec(
            iter.as_mut_ptr(),
            bindings::ITER_DEST,
            (&raw const (*request).vecs).cast(),
            (*bio).bi_vcnt.into(),
            (*bio).bi_iter.bi_size as usize,
        );
        let read = bindings::cofs_read_as_opener(iocb, iter.as_mut_ptr());
        if read != EIOCBQUEUED.to_errno() as isize {
            complete::<T>(iocb, read);
        }
        FileRead::put(request);
    }
}

/// # Safety
///
/// Called once for each request, with what was read or a negative errno.
unsafe extern "C" fn complete<T: Owner>(iocb: *mut bindings::kiocb, read: isize) {
    // SAFETY: the iocb is in a request.
    let request = unsafe { container_of!(iocb, FileRead, iocb) };
    // SAFETY: the completion's reference keeps the request until `put`.
    unsafe {
        let bio = &raw mut (*request).bio;
        // An image that is cut has less than was asked for.
        (*request).result = match read {
            read if read < 0 => Err(Error::from_errno(read as i32)),
            read if read as usize != (*bio).bi_iter.bi_size as usize => Err(EIO),
            _ => Ok(()),
        };
        if (*request).result.is_err() {
            failed_bio::later(NonNull::new_unchecked(bio), end::<T>);
        } else {
            end::<T>(bio);
        }
    }
}

/// # Safety
///
/// `bio` must be that of a request with a result, each once; where it failed, this may sleep.
unsafe extern "C" fn end<T: Owner>(bio: *mut bindings::bio) {
    // CAST: the bio is the first field of the `repr(C)` request.
    let request = bio.cast::<FileRead>();
    // SAFETY: the completion's reference keeps the request until `put`.
    unsafe {
        let result = (*request).result;
        if let Err(e) = result {
            let owner = <Arc<T> as ForeignOwnable>::borrow((*bio).bi_private.cast());
            tell_lost::<T>(bio, &owner, e);
        }
        end_folios::<T>(bio, result);
        let owner = <Arc<T> as ForeignOwnable>::from_foreign((*bio).bi_private.cast());
        let demand = (*bio).bi_opf & RAHEAD == 0;
        FileRead::put(request);
        // As for a device: what ends here may let the module go.
        let _rcu = rcu::read_lock();
        T::end(owner, result, demand);
    }
}
