// SPDX-License-Identifier: GPL-2.0

//! Errors that watchers of a super block are told of: FAN_FS_ERROR of fanotify(7).
//!
//! C header: [`include/linux/fserror.h`](srctree/include/linux/fserror.h)

use super::{
    fs_type::FileSystem,
    super_block::SuperBlock, //
};
use crate::{
    bindings,
    sys::flights::Flights, //
};
use core::{
    marker::PhantomData,
    ops::Deref, //
};
use kernel::{
    prelude::*,
    sync::{
        rcu,
        Arc, //
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
pub(crate) struct Watched<T: FileSystem>(Arc<Way<T>>);

/// # Invariants
///
/// `sb` is a live super block of `T` until `users` are closed.
#[pin_data]
struct Way<T: FileSystem> {
    sb: *mut bindings::super_block,
    #[pin]
    users: Flights,
    _fs: PhantomData<fn() -> T>,
}

// SAFETY: super blocks may be used from any thread.
unsafe impl<T: FileSystem> Send for Way<T> {}
// SAFETY: as above.
unsafe impl<T: FileSystem> Sync for Way<T> {}

impl<T: FileSystem> Watched<T> {
    /// # Safety
    ///
    /// `sb` must be a super block of `T`, and stay until [`Self::close`] returns.
    pub(super) unsafe fn new(sb: *mut bindings::super_block) -> Result<Self> {
        let way = pin_init!(Way {
            sb,
            users <- Flights::new(),
            _fs: PhantomData,
        });
        Ok(Self(Arc::pin_init(way, GFP_KERNEL)?))
    }

    /// The super block, which is not shut down before the result is dropped; `None` if it is being
    /// shut down. Does not sleep.
    pub(crate) fn super_block(&self) -> Option<Back<'_, T>> {
        let open = self.0.users.try_begin();
        open.then(|| Back(&self.0))
    }

    /// Waits for those who have the super block; nobody gets it any more. Call it once.
    pub(super) fn close(&self) {
        self.0.users.close();
    }
}

impl<T: FileSystem> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A super block that is not shut down meanwhile.
pub(crate) struct Back<'a, T: FileSystem>(&'a Way<T>);

impl<T: FileSystem> Deref for Back<'_, T> {
    type Target = SuperBlock<T>;

    fn deref(&self) -> &SuperBlock<T> {
        // SAFETY: by the invariant of the way, whose user this is.
        unsafe { SuperBlock::from_raw(self.0.sb) }
    }
}

impl<T: FileSystem> Drop for Back<'_, T> {
    fn drop(&mut self) {
        self.0.users.end();
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
