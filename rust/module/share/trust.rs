// SPDX-License-Identifier: GPL-2.0

//! Why what an image gives for content is believed.
//!
//! Every filled folio of content comes by here once, whichever way it was filled, before anyone
//! can see it: see [`Filled`].
//!
//! ```text
//! claim                                             believed; found by those who believe claims
//! unread -> hashing -> published                    found by those who verify
//!              |-> elsewhere, refused, unread       private to one inode for good, or till the next try
//! ```
//!
//! While it is hashed each page gets a MAC, and from then on no other bytes are accepted for that page:
//! what is published is what was hashed, and what is filled later the same. Private content has no
//! MACs, and takes what its image gives.

use super::{
    content::Contents,
    registry::Registry, //
};
use crate::{
    stats::Count,
    sys::hash::SipKey,
    vfs::{
        folio::Filled,
        inode::Inode,
        later::Later, //
    }, //
};
use kernel::{
    new_spinlock,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        Arc,
        SpinLock, //
    }, //
};

/// What is known of content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing, and nobody asks: its images are believed.
    Claim = 0,
    /// Nothing yet: it could not be read.
    Unread = 1,
    /// It is being read.
    Hashing = 2,
    /// It is what the fingerprint says, and others can find it.
    Published = 3,
    /// It is what the fingerprint says, and others find the same in other content.
    Elsewhere = 4,
    /// It is not what the fingerprint says.
    Refused = 5,
}

impl State {
    fn from_raw(raw: u32) -> Self {
        match raw {
            0 => Self::Claim,
            1 => Self::Unread,
            2 => Self::Hashing,
            3 => Self::Published,
            4 => Self::Elsewhere,
            _ => Self::Refused,
        }
    }

    /// Whether it stays so for as long as the content is bound.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Claim | Self::Published | Self::Refused)
    }

    /// Whether others can find the content.
    pub(super) fn is_public(self) -> bool {
        matches!(self, Self::Claim | Self::Published)
    }
}

/// As many bytes content has at most: its MACs are memory that an image can ask for.
pub(super) const LARGEST: u64 = 4 << 30;

/// A MAC for each page of content, 0 for those that were not hashed yet.
///
/// 64 bits are enough against who cannot see them: a forger has one guess for each page that he has
/// read from a device, and each wrong one is an error that is counted. SipHash-2-4 is made to be a MAC,
/// and its key is known to no one and gone with the module. A page has its MAC at its own place, so that
/// the place need not go into it.
pub(super) struct Macs(KVVec<Atomic<u64>>);

/// How a page compares.
enum Verdict {
    Unknown,
    Same,
    Other,
}

impl Macs {
    /// For content of `size` bytes, at most [`LARGEST`].
    pub(super) fn new(size: u64) -> Result<Arc<Self>> {
        let pages = size.min(LARGEST).div_ceil(PAGE_SIZE as u64) as usize;
        let mut macs = KVVec::with_capacity(pages, GFP_KERNEL_ACCOUNT)?;
        for _ in 0..pages {
            macs.push(Atomic::new(0), GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Arc::new(Self(macs), GFP_KERNEL)?)
    }

    /// That of a page with these bytes: not 0.
    pub(super) fn of(key: &SipKey, page: &[u8]) -> u64 {
        key.hash(page).max(1)
    }

    /// From now on page `index` is what `mac` says. The folio that it is in is locked, in its place.
    pub(super) fn learn(&self, index: u64, mac: u64) {
        if let Some(place) = self.0.get(index as usize) {
            place.store(mac, Relaxed);
        }
    }

    /// Compares page `index`, whose MAC is `mac()`: where nothing is known of it nobody asks for that.
    fn compare(&self, index: u64, mac: impl FnOnce() -> u64) -> Verdict {
        match self.0.get(index as usize).map(|known| known.load(Relaxed)) {
            Some(0) => Verdict::Unknown,
            Some(known) if known == mac() => Verdict::Same,
            // Behind the end of the file folios may have pages.
            None => Verdict::Same,
            _ => Verdict::Other,
        }
    }
}

struct Known {
    state: State,
    /// While it is hashed, and once it is published.
    macs: Option<Arc<Macs>>,
}

/// What is known of one content.
///
/// # Invariants
///
/// `now` is the state, which changes under the lock; published content has a MAC for every page.
#[pin_data]
pub(super) struct Trust {
    #[pin]
    known: SpinLock<Known>,
    now: Atomic<u32>,
}

impl Trust {
    pub(super) fn new(state: State) -> impl PinInit<Self> {
        // INVARIANT: nothing is published so.
        pin_init!(Self {
            known <- new_spinlock!(Known { state, macs: None }),
            now: Atomic::new(state as u32),
        })
    }

    pub(super) fn state(&self) -> State {
        State::from_raw(self.now.load(Acquire))
    }

    /// Whether its images are believed.
    pub(super) fn is_claim(&self) -> bool {
        self.state() == State::Claim
    }

    /// Changes the state from `from` to `to`, if it is `from`, with MACs or without. What was there may
    /// be much memory, so the lock does not wait for it.
    fn change(&self, from: State, to: State, macs: Option<Arc<Macs>>) -> bool {
        let mut known = self.known.lock();
        if known.state != from {
            return false;
        }
        let old = core::mem::replace(&mut known.macs, macs);
        known.state = to;
        self.now.store(to as u32, Release);
        drop(known);
        drop(old);
        true
    }

    /// From here on `macs` are kept, and what is filled is compared with them.
    pub(super) fn begin(&self, macs: &Arc<Macs>) -> bool {
        let from = self.state();
        matches!(from, State::Unread | State::Elsewhere)
            && self.change(from, State::Hashing, Some(macs.clone()))
    }

    /// Every page was hashed. False if the image has given other bytes meanwhile.
    pub(super) fn publish(&self, macs: &Arc<Macs>) -> bool {
        // INVARIANT: by what the caller has done.
        self.change(State::Hashing, State::Published, Some(macs.clone()))
    }

    /// Undoes [`Self::publish`], before anyone could find it.
    pub(super) fn unpublish(&self, macs: &Arc<Macs>) {
        self.change(State::Published, State::Hashing, Some(macs.clone()));
    }

    /// It is private: `how`.
    pub(super) fn settle(&self, how: State) -> bool {
        self.change(State::Hashing, how, None)
    }

    fn macs(&self) -> Option<Arc<Macs>> {
        self.known.lock().macs.clone()
    }
}

/// Decides about a folio of `content`. May run in an interrupt.
pub(crate) fn filled(content: &Inode<Contents>, folio: Filled) {
    match content.node().trust.state() {
        State::Hashing | State::Published if Later::is_now() => check(content, folio),
        State::Hashing | State::Published => registry(content).later.push(folio),
        // It has no MACs, and there will be none for what is in it before that was hashed.
        _ => folio.publish(),
    }
}

fn registry(content: &Inode<Contents>) -> &Registry {
    content.super_block().fs_type().module()
}

/// Compares a folio with the MACs that are known.
fn check(content: &Inode<Contents>, folio: Filled) {
    let (trust, registry) = (&content.node().trust, registry(content));
    let Some(macs) = trust.macs() else {
        // It has become private.
        return folio.publish();
    };
    let mut all = true;
    let mut same = true;
    for (index, page) in folio.pages() {
        match macs.compare(index, || Macs::of(&registry.mac_key, page)) {
            Verdict::Same => {}
            Verdict::Unknown => all = false,
            Verdict::Other => same = false,
        }
    }
    // Where other images can fill it, every page is known. Where it is private its own image has
    // changed, which is nobody else's matter, and it stays private.
    let believed = match (same, all) {
        (true, true) => true,
        (true, false) => !trust.state().is_public(),
        (false, _) => trust.settle(State::Refused) || !trust.state().is_public(),
    };
    if believed {
        return folio.publish();
    }
    registry.counts.add(Count::Mismatch);
    folio.refuse();
}
