// SPDX-License-Identifier: GPL-2.0

//! Errors that watchers of a super block are told of: FAN_FS_ERROR of fanotify(7).
//!
//! C header: [`include/linux/fserror.h`](srctree/include/linux/fserror.h)

use super::{
    fs_type::FileSystem,
    super_block::SuperBlock, //
};
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        rcu, //
    }, //
};

/// What failed.
#[derive(Clone, Copy)]
pub(crate) enum Failure {
    /// Metadata could not be read, or contradict themselves.
    Metadata,
    /// `len` bytes of the file at `pos`; where the file is not known, it is told as metadata.
    Data {
        /// Offset in the file.
        pos: u64,
        /// Bytes.
        len: u64,
    },
}

/// The way from what a super block carries back to it.
pub(crate) struct Watched<T: FileSystem> {
    /// The address; 0 once the super block is shut down.
    sb: Atomic<usize>,
    _fs: PhantomData<fn() -> T>,
}

impl<T: FileSystem> Watched<T> {
    pub(super) fn new(sb: *mut bindings::super_block) -> Self {
        Self {
            sb: Atomic::new(sb.expose_provenance()),
            _fs: PhantomData,
        }
    }

    /// The super block. The caller keeps it from being shut down: by an inode of it that is in
    /// use, or by a flight.
    pub(crate) fn super_block(&self) -> Option<&SuperBlock<T>> {
        let sb = core::ptr::with_exposed_provenance_mut::<bindings::super_block>(
            self.sb.load(Relaxed), //
        );
        // SAFETY: a super block of `T`, which lives as long as its users keep it.
        (!sb.is_null()).then(|| unsafe { SuperBlock::from_raw(sb) })
    }

    /// The super block is shut down, and nobody asks for it any more.
    pub(crate) fn close(&self) {
        self.sb.store(0, Relaxed);
    }
}

impl<T: FileSystem> SuperBlock<T> {
    /// Tells the watchers of `failure`, which concerns the inode `ino`, if any does. It is told by
    /// a worker, so any context will do in which an inode may be used.
    pub(crate) fn tell(&self, failure: Failure, ino: Option<u64>, error: Error) {
        let sb = self.as_ptr();
        // SAFETY: the super block is live. While it is being made there is nobody to tell.
        if unsafe { (*sb).s_flags } & bindings::COFS_SB_ACTIVE as usize == 0 {
            return;
        }
        let _rcu = rcu::read_lock();
        // SAFETY: the super block is live. An inode that is found stays allocated while RCU is
        // held; fserror_report() takes its own reference, or says that it cannot.
        unsafe {
            let inode = ino.map_or(core::ptr::null_mut(), |ino| {
                bindings::find_inode_by_ino_rcu(sb, ino)
            });
            let (kind, pos, len) = match failure {
                Failure::Data { pos, len } if !inode.is_null() => {
                    (bindings::fserror_type_FSERR_BUFFERED_READ, pos, len)
                }
                _ => (bindings::fserror_type_FSERR_METADATA, 0, 0),
            };
            let (errno, gfp) = (error.to_errno(), bindings::COFS_GFP_NOWAIT);
            bindings::fserror_report(sb, inode, kind, pos as i64, len, errno, gfp);
        }
    }
}
