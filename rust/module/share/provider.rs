// SPDX-License-Identifier: GPL-2.0

//! Who can fill the pages of content.

use super::content::{
    of,
    Contents, //
};
use crate::{
    fill::source::{
        Clusters,
        Source, //
    },
    mount::{
        Image,
        Mount, //
    },
    sys::{
        nofs,
        trace, //
    },
    vfs::{
        file::File,
        inode::Inode, //
    }, //
};
use core::ops::Range;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    }, //
};

/// A file on an image that is bound to content.
pub(crate) struct Provider {
    mount: Arc<Mount>,
    disk: cofs_core::Inode,
    clusters: Clusters,
    /// Where it stands in the list; written under the list's lock.
    index: Atomic<usize>,
}

impl Provider {
    /// `inode`, in no list yet.
    pub(super) fn of(inode: &Inode<Image>) -> Result<Arc<Self>> {
        let provider = Self {
            mount: inode.super_block().mount().into(),
            disk: inode.node().disk.clone(),
            clusters: Clusters::new(),
            index: Atomic::new(usize::MAX),
        };
        Ok(Arc::new(provider, GFP_KERNEL)?)
    }

    /// Its mount, which may be going.
    pub(super) fn mount(&self) -> &Mount {
        &self.mount
    }

    /// Its number on the mount.
    pub(super) fn nid(&self) -> u64 {
        self.disk.nid()
    }
}

/// The providers of one content.
///
/// # Invariants
///
/// Each entry's `index` is its place in the list, and `count` the length. Retired content has none.
#[pin_data]
pub(crate) struct Providers {
    #[pin]
    list: Mutex<List>,
    count: Atomic<u64>,
}

struct List {
    providers: KVVec<Arc<Provider>>,
    /// Set when the content has left the registry: it gets no provider any more.
    retired: bool,
}

impl Providers {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_mutex!(List {
                providers: KVVec::new(),
                retired: false,
            }),
            count: Atomic::new(0),
        })
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// Enters `provider`, the first with `first`; where that fails and there is none, with `none`.
    /// False if the content has retired.
    pub(super) fn add(
        &self,
        provider: &Arc<Provider>,
        first: impl FnOnce(),
        none: impl FnOnce(),
    ) -> Result<bool> {
        let _nofs = nofs::Scope::new();
        let mut list = self.list.lock();
        if list.retired {
            return Ok(false);
        }
        // INVARIANT: the provider comes to stand at the end.
        let index = list.providers.len();
        if let Err(e) = list.providers.push(provider.clone(), GFP_KERNEL) {
            if index == 0 {
                none();
            }
            return Err(e.into());
        }
        provider.index.store(index, Relaxed);
        self.count.store(list.providers.len() as u64, Relaxed);
        if index == 0 {
            first();
        }
        Ok(true)
    }

    /// Takes `provider` out, the last one before `last`. Another takes its place.
    pub(super) fn remove(&self, provider: &Arc<Provider>, last: impl FnOnce()) {
        let mut list = self.list.lock();
        let index = provider.index.load(Relaxed);
        let Some(end) = list.providers.pop() else {
            return;
        };
        if let Some(place) = list.providers.get_mut(index) {
            // INVARIANT: `end` moves to `index`.
            end.index.store(index, Relaxed);
            *place = end;
        }
        self.count.store(list.providers.len() as u64, Relaxed);
        if list.providers.is_empty() {
            last();
        }
    }

    /// Retires content that has no provider, with `leave`; false if it has some, or has retired.
    pub(super) fn retire(&self, leave: impl FnOnce()) -> bool {
        let mut list = self.list.lock();
        if list.retired || !list.providers.is_empty() {
            return false;
        }
        list.retired = true;
        leave();
        true
    }

    /// Runs `enter` if there is a provider, and none comes or goes meanwhile.
    pub(super) fn while_there<R>(&self, enter: impl FnOnce() -> R) -> Option<R> {
        let list = self.list.lock();
        (!list.providers.is_empty()).then(enter)
    }

    /// Shows `see` the mount and the number of each.
    pub(super) fn for_each(&self, mut see: impl FnMut(&Mount, u64)) {
        for provider in &self.list.lock().providers {
            see(&provider.mount, provider.nid());
        }
    }

    pub(super) fn nid_on(&self, mount: &Mount) -> Option<u64> {
        let list = self.list.lock();
        let own = list
            .providers
            .iter()
            .find(|p| core::ptr::eq(&*p.mount, mount))?;
        Some(own.disk.nid())
    }

    /// A provider whose mount is not going away, inside a flight of that mount: number `index` of
    /// those.
    pub(super) fn nth(&self, index: usize) -> Option<Flight> {
        let list = self.list.lock();
        let mut flights = list.providers.iter().filter_map(|provider| {
            let open = provider.mount.flights.try_begin();
            open.then(|| Flight(provider.clone()))
        });
        flights.nth(index)
    }
}

/// A fill from a mount that nothing else holds.
pub(super) struct Flight(Arc<Provider>);

impl Flight {
    /// The provider's file.
    pub(super) fn source(&self) -> Source<'_> {
        Source::new(self.0.mount.clone(), &self.0.disk, &self.0.clusters)
    }

    /// The provider's mount, which may go when the flight is over.
    pub(super) fn mount(&self) -> Arc<Mount> {
        self.0.mount.clone()
    }

    /// The number of the provider's file on its mount.
    pub(super) fn nid(&self) -> u64 {
        self.0.nid()
    }

    /// Whether the provider is `inode`.
    pub(super) fn is(&self, inode: &Inode<Image>) -> bool {
        let mount = inode.super_block().mount();
        core::ptr::eq(&*self.0.mount, &*mount) && self.0.disk.nid() == inode.node().disk.nid()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.mount.flights.end();
    }
}

/// The image that `file` is open on, since its device, its limits and its integrity are what the
/// reader chose.
pub(super) fn own<'a>(
    content: &Inode<Contents>,
    file: Option<&'a File>,
) -> Option<&'a Inode<Image>> {
    file.and_then(|f| f.redirected_inode::<Image>(content))
}

/// Runs `fill` with a source for `range` of `content`: the reader's [`own`], else any other.
pub(crate) fn with_source(
    content: &Inode<Contents>,
    file: Option<&File>,
    range: Range<u64>,
    fill: impl FnOnce(&Source<'_>),
) -> Result {
    let fill = |source: Source<'_>| {
        trace::fill(of(content, source.mount(), source.disk().nid()), range);
        fill(&source);
    };
    if let Some(inode) = own(content, file) {
        fill(Source::of(inode));
        return Ok(());
    }
    let flight = content.node().providers.nth(0).ok_or(EIO)?;
    fill(flight.source());
    Ok(())
}
