// SPDX-License-Identifier: GPL-2.0

//! Reads that are waited for, one piece of a folio at a time: for the rare read that is made
//! again.

use super::{
    backing::{
        At,
        Backing, //
    },
    bio::{
        Collect,
        SECTOR_SIZE, //
    }, //
};
use crate::{
    bindings,
    vfs::folio::Filling, //
};
use core::mem::MaybeUninit;
use kernel::{
    error::to_result,
    prelude::*, //
};

/// Reads at once.
pub(crate) struct Now;

impl Collect for Now {
    fn add(&mut self, filling: &Filling, offset: usize, from: At, _left: u64) -> Result {
        let At { backing, pos, len } = from;
        let len = len as usize;
        filling.check(offset, len)?;
        let mut bio = MaybeUninit::<bindings::bio>::zeroed();
        let mut vec = MaybeUninit::<bindings::bio_vec>::zeroed();
        let bio = bio.as_mut_ptr();
        let device = match backing {
            Backing::Device(device) => device.as_ptr(),
            Backing::File(_) => core::ptr::null_mut(),
        };
        // SAFETY: bio and vector live to the end of this function, and so does the read; the
        // range lies in the folio, which is locked and ours.
        let result = unsafe {
            let flags = bindings::req_op_REQ_OP_READ;
            bindings::bio_init(bio, device, vec.as_mut_ptr(), 1, flags);
            (*bio).bi_iter.bi_sector = pos / SECTOR_SIZE;
            if bindings::bio_add_folio(bio, filling.as_ptr(), len, offset) {
                read(backing, bio, vec.as_ptr(), pos, len)
            } else {
                Err(EINVAL)
            }
        };
        // SAFETY: nothing uses the bio any more.
        unsafe { bindings::bio_uninit(bio) };
        result
    }
}

/// # Safety
///
/// `bio` must be ready to be submitted to `backing`, with `vec` as its only vector, of `len` bytes.
unsafe fn read(
    backing: Backing,
    bio: *mut bindings::bio,
    vec: *const bindings::bio_vec,
    pos: u64,
    len: usize,
) -> Result {
    let Backing::File(file) = backing else {
        // SAFETY: by the function's requirement.
        return to_result(unsafe { bindings::submit_bio_wait(bio) });
    };
    let mut iocb = MaybeUninit::<bindings::kiocb>::zeroed();
    let mut iter = MaybeUninit::<bindings::iov_iter>::zeroed();
    // SAFETY: without `ki_complete` the read ends before it returns; all-zero is valid for
    // the rest of the iocb.
    let read = unsafe {
        let iocb = iocb.as_mut_ptr();
        (*iocb).ki_filp = file.as_ptr();
        (*iocb).ki_flags = file.read_flags();
        (*iocb).ki_pos = pos as i64;
        bindings::iov_iter_bvec(iter.as_mut_ptr(), bindings::ITER_DEST, vec, 1, len);
        bindings::cofs_read_as_opener(iocb, iter.as_mut_ptr())
    };
    match read {
        read if read < 0 => Err(Error::from_errno(read as i32)),
        read if read as usize != len => Err(EIO),
        _ => Ok(()),
    }
}
