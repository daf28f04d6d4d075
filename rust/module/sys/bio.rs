// SPDX-License-Identifier: GPL-2.0

//! Reads from what an image lies on into folios.
//!
//! C header: [`include/linux/bio.h`](srctree/include/linux/bio.h)

use super::{
    backing::{
        At,
        Backing,
        Device, //
    },
    failed_bio,
    file_read::{
        self,
        FileRead, //
    }, //
};
use crate::{
    bindings,
    vfs::folio::{
        Filling,
        Lost,
        Piece, //
    }, //
};
use core::ptr::NonNull;
use kernel::{
    error::to_result,
    prelude::*,
    sync::{
        rcu,
        Arc, //
    },
    types::ForeignOwnable, //
};

/// A sector of the block layer, in bytes.
pub(super) const SECTOR_SIZE: u64 = 512;

/// `REQ_RAHEAD`.
pub(super) const RAHEAD: u32 = 1 << bindings::req_flag_bits___REQ_RAHEAD;

/// Why a read is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Someone waits.
    Demand,
    /// Someone may come: `REQ_RAHEAD`.
    Readahead,
}

/// Who answers for the device: each bio holds a reference, and tells of its beginning and end.
pub(crate) trait Owner: Send + Sync + 'static {
    /// Whether the bios carry pieces of folios, which end with them.
    const PIECES: bool;

    /// A bio is about to be made.
    fn begin(&self);

    /// It failed; `first` is the first folio that it was to fill, `demand` if someone waits for it.
    /// Runs before [`Self::end`], in a worker, where there are pieces.
    fn lost(&self, _first: &Lost<'_>, _error: Error, _demand: bool) {}

    /// It ended, `demand` if someone waited for it. May run in an interrupt, and must not sleep,
    /// nor may whatever destructor runs in it.
    fn end(this: Arc<Self>, result: Result, demand: bool);
}

/// Collects pieces of folios into bios, and submits a bio where the next piece does not adjoin.
pub(crate) struct Reader<'a, T: Owner> {
    /// What is collected, and from where.
    bio: Option<(NonNull<bindings::bio>, Backing)>,
    purpose: Purpose,
    /// Byte on the device after the last piece.
    next: u64,
    /// The last piece's folio, and the byte in it after that piece.
    last: Option<(NonNull<bindings::folio>, usize)>,
    owner: &'a Arc<T>,
}

impl<'a, T: Owner> Reader<'a, T> {
    /// A reader with nothing to read yet.
    pub(crate) fn new(purpose: Purpose, owner: &'a Arc<T>) -> Self {
        Self {
            bio: None,
            purpose,
            next: 0,
            last: None,
            owner,
        }
    }
}

impl<T: Owner> Reader<'_, T> {
    /// Adds a read to `offset` in the folio. `left` is how many bytes are still to come, with
    /// these.
    pub(crate) fn add(&mut self, filling: &Filling, offset: usize, from: At, left: u64) -> Result {
        let At { backing, pos, len } = from;
        if pos % SECTOR_SIZE != 0 || len % SECTOR_SIZE != 0 {
            return Err(EINVAL);
        }
        let len = len as usize;
        filling.check(offset, len)?;
        if self
            .bio
            .is_some_and(|(_, other)| other != backing || pos != self.next)
        {
            self.submit();
        }
        loop {
            let bio = match self.bio {
                Some((bio, _)) => bio,
                None => self.start(backing, pos, left)?,
            };
            let same = self
                .last
                .is_some_and(|(folio, end)| filling.owns(folio.as_ptr()) && end == offset);
            let piece = filling.piece();
            let folio = piece.into_raw();
            // SAFETY: the bio is ours.
            let vectors = unsafe { (*bio.as_ptr()).bi_vcnt };
            // SAFETY: the bio is ours, the piece keeps the folio locked, and the range lies in it.
            let added = unsafe { bindings::bio_add_folio(bio.as_ptr(), folio, len, offset) };
            // SAFETY: from `into_raw` above. It stays with the bio only when it was added, and
            // then once for each vector; adjoining parts of a folio mostly share one.
            let piece = unsafe { Piece::from_raw(NonNull::new_unchecked(folio)) };
            if !added {
                piece.end(Ok(()));
                self.submit();
                continue;
            }
            // SAFETY: the bio is ours.
            let merged = same && unsafe { (*bio.as_ptr()).bi_vcnt } == vectors;
            if merged {
                piece.end(Ok(()));
            } else {
                let _ = piece.into_raw();
            }
            self.next = pos.wrapping_add(len as u64);
            self.last = NonNull::new(folio).map(|f| (f, offset.wrapping_add(len)));
            return Ok(());
        }
    }

    fn start(&mut self, backing: Backing, pos: u64, left: u64) -> Result<NonNull<bindings::bio>> {
        let mut flags = bindings::req_op_REQ_OP_READ;
        if self.purpose == Purpose::Readahead {
            flags |= RAHEAD;
        }
        self.owner.begin();
        let bio = match backing {
            Backing::Device(device) => start_device(device, pos, left, flags, self.owner),
            Backing::File(file) => FileRead::start(file, pos, flags, self.owner.clone()),
        };
        let bio = bio.inspect_err(|_| T::end(self.owner.clone(), Ok(()), false))?;
        self.bio = Some((bio, backing));
        self.last = None;
        Ok(bio)
    }

    /// Submits what was collected.
    pub(crate) fn submit(&mut self) {
        self.last = None;
        let Some((bio, backing)) = self.bio.take() else {
            return;
        };
        // SAFETY: the bio is from `start`, complete, and taken once.
        unsafe { submit::<T>(bio, backing) };
    }
}

/// A bio for `left` bytes from `pos` of a device, which `owner` answers for.
pub(super) fn start_device<T: Owner>(
    device: Device,
    pos: u64,
    left: u64,
    flags: u32,
    owner: &Arc<T>,
) -> Result<NonNull<bindings::bio>> {
    let pages = left.div_ceil(kernel::page::PAGE_SIZE as u64);
    let vecs = pages.clamp(1, bindings::BIO_MAX_VECS.into()) as u16;
    // SAFETY: the device is open by the invariant of `Backing`.
    let bio =
        unsafe { bindings::cofs_bio_alloc(device.as_ptr(), vecs, flags, bindings::COFS_GFP_NOFS) };
    let bio = NonNull::new(bio).ok_or(ENOMEM)?;
    // SAFETY: the bio is new and ours.
    unsafe {
        (*bio.as_ptr()).bi_iter.bi_sector = pos / SECTOR_SIZE;
        (*bio.as_ptr()).bi_end_io = Some(end_io::<T>);
        (*bio.as_ptr()).bi_private = owner.clone().into_foreign().cast();
    }
    Ok(bio)
}

/// # Safety
///
/// The bio must be from [`start_device`] or [`FileRead::start`] with `T`, complete, and be given
/// up here.
pub(super) unsafe fn submit<T: Owner>(bio: NonNull<bindings::bio>, backing: Backing) {
    match backing {
        // SAFETY: the bio is complete; from here on it belongs to the block layer.
        Backing::Device(_) => unsafe { bindings::submit_bio(bio.as_ptr()) },
        // SAFETY: the bio is from `FileRead::start` with this owner, and taken once.
        Backing::File(_) => unsafe { file_read::submit::<T>(bio) },
    }
}

impl<T: Owner> Drop for Reader<'_, T> {
    fn drop(&mut self) {
        self.submit();
    }
}

/// Ends the pieces that a bio carries.
///
/// # Safety
///
/// The bio's folios must be from [`Reader::add`], and be ended here alone.
pub(super) unsafe fn end_folios<T: Owner>(bio: *mut bindings::bio, result: Result) {
    if !T::PIECES {
        return;
    }
    let mut fi = core::mem::MaybeUninit::<bindings::folio_iter>::zeroed();
    // SAFETY: the iterator is written before it is read; every folio in the bio carries a piece.
    unsafe {
        let fi = fi.as_mut_ptr();
        bindings::cofs_bio_first_folio(fi, bio);
        while let Some(folio) = NonNull::new((*fi).folio) {
            // The piece may unlock the folio, so the iterator moves on first.
            bindings::cofs_bio_next_folio(fi, bio);
            Piece::from_raw(folio).end(result);
        }
    }
}

/// Tells `owner` that the read by `bio` failed.
///
/// # Safety
///
/// As for [`end_folios`], which must not have run.
pub(super) unsafe fn tell_lost<T: Owner>(bio: *mut bindings::bio, owner: &T, error: Error) {
    if !T::PIECES {
        return;
    }
    let mut fi = core::mem::MaybeUninit::<bindings::folio_iter>::zeroed();
    // SAFETY: the iterator is written before it is read; the folios of the bio are locked.
    unsafe {
        let fi = fi.as_mut_ptr();
        bindings::cofs_bio_first_folio(fi, bio);
        if let Some(folio) = NonNull::new((*fi).folio) {
            let demand = (*bio).bi_opf & RAHEAD == 0;
            owner.lost(&Lost::from_raw(folio), error, demand);
        }
    }
}

/// # Safety
///
/// Called by the block layer with a bio from [`Reader`].
unsafe extern "C" fn end_io<T: Owner>(bio: *mut bindings::bio) {
    // SAFETY: the bio is ours again, and carries its owner.
    unsafe {
        match NonNull::new(bio) {
            Some(bio) if (*bio.as_ptr()).bi_status != 0 => failed_bio::later(bio, end::<T>),
            _ => end::<T>(bio),
        }
    }
}

/// # Safety
///
/// As for [`end_io`], once; where the bio failed, this may sleep.
unsafe extern "C" fn end<T: Owner>(bio: *mut bindings::bio) {
    // SAFETY: the bio is ours. `bi_status` is a plain byte.
    let result = to_result(unsafe { bindings::blk_status_to_errno((*bio).bi_status) });
    if let Err(e) = result {
        // SAFETY: the bio is ours, its folios are locked, and the owner is still its.
        unsafe {
            let owner = <Arc<T> as ForeignOwnable>::borrow((*bio).bi_private.cast());
            tell_lost::<T>(bio, &owner, e);
        }
    }
    // SAFETY: the bio ended, once.
    unsafe { end_folios::<T>(bio, result) };
    // SAFETY: the bio is ours; the owner was stored by `start_device`, and is taken once.
    let (owner, flags) = unsafe {
        let owner = <Arc<T> as ForeignOwnable>::from_foreign((*bio).bi_private.cast());
        (owner, (*bio).bi_opf)
    };
    // SAFETY: our reference; nothing reads the bio any more.
    unsafe { bindings::bio_put(bio) };
    // The owner's end may let the module go, which waits for a grace period before its text does.
    let _rcu = rcu::read_lock();
    T::end(owner, result, flags & RAHEAD == 0);
}
