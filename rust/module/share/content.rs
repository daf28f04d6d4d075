// SPDX-License-Identifier: GPL-2.0

//! Content inodes: pages that belong to no image.

use super::{
    provider::Providers,
    registry::Registry,
    trust::{
        State,
        Trust, //
    }, //
};
use crate::{
    mount::Mount,
    sys::{
        inode_lists::Listed,
        inode_queue::{
            InodeQueue,
            Place,
            Queued, //
        },
        inode_table::{
            InodeTable,
            Link,
            Linked, //
        },
        trace, //
    },
    vfs::{
        context,
        fs_type::{
            Anonymous,
            FileSystem, //
        },
        inode::Inode,
        super_block, //
    }, //
};
use cofs_core::share::fingerprint::{
    self,
    Key, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The internal file system type that content inodes are of.
pub(crate) struct Contents;

/// What a content inode carries.
#[pin_data]
pub(crate) struct Content {
    /// The domain and the fingerprint, one behind the other.
    key: KVec<u8>,
    domain_len: usize,
    size: u64,
    #[pin]
    pub(super) trust: Trust,
    /// The slot in the registry.
    slot: usize,
    link: Link<Contents>,
    /// In the queue of what lingers.
    #[pin]
    place: Place<Contents>,
    /// The images that can fill its pages.
    #[pin]
    pub(super) providers: Providers,
}

impl Content {
    pub(super) fn new(
        key: Key<'_>,
        slot: usize,
        state: State,
    ) -> Result<impl PinInit<Self, Error>> {
        let mut bytes = KVec::with_capacity(
            key.domain.len().saturating_add(key.fingerprint.len()),
            GFP_KERNEL,
        )?;
        bytes.extend_from_slice(key.domain, GFP_KERNEL)?;
        bytes.extend_from_slice(key.fingerprint, GFP_KERNEL)?;
        let (domain_len, size) = (key.domain.len(), key.size);
        Ok(try_pin_init!(Self {
            key: bytes,
            domain_len,
            size,
            trust <- Trust::new(state),
            slot,
            link: Link::new(),
            place <- Place::new(),
            providers <- Providers::new(),
        }? Error))
    }

    /// What it stands for.
    pub(super) fn key(&self) -> Key<'_> {
        let (domain, fingerprint) = self
            .key
            .split_at_checked(self.domain_len)
            .unwrap_or_default();
        Key {
            domain,
            fingerprint,
            size: self.size,
        }
    }

    /// Whether it is public, as `new` is to be, and the same.
    pub(super) fn is_same_as(&self, new: &Self) -> bool {
        !self.trust.is_claim() && self.key() == new.key()
    }

    /// What is known of it.
    pub(super) fn state(&self) -> State {
        self.trust.state()
    }

    /// Where the registry has it.
    pub(super) fn slot(&self) -> usize {
        self.slot
    }

    /// The SHA-256 that its bytes should have.
    pub(super) fn sha256(&self) -> Option<&[u8; 32]> {
        fingerprint::sha256(self.key().fingerprint)
    }

    /// The number that an inode bound to this has on `mount`; where several are, of one of them.
    pub(crate) fn nid_on(&self, mount: &Mount) -> Option<u64> {
        self.providers.nid_on(mount)
    }

    /// Whether it belongs to `domain`.
    pub(super) fn is_in(&self, domain: &[u8]) -> bool {
        self.key.get(..self.domain_len) == Some(domain)
    }

    /// How many images' inodes are bound to it.
    pub(crate) fn sharers(&self) -> u64 {
        self.providers.count()
    }
}

/// What events say of file `nid` on `mount`, which is bound to `content`.
pub(super) fn of<'a>(content: &Inode<Contents>, mount: &'a Mount, nid: u64) -> trace::Of<'a> {
    trace::Of {
        content: content.number(),
        image: mount.name(),
        nid,
    }
}

impl Linked for Contents {
    fn link(inode: &Inode<Self>) -> &Link<Self> {
        &inode.node().link
    }

    fn slot(inode: &Inode<Self>) -> usize {
        inode.node().slot
    }

    fn table(module: &Arc<Registry>) -> &InodeTable<Self> {
        &module.table
    }
}

impl Queued for Contents {
    fn place(inode: &Inode<Self>) -> &Place<Self> {
        &inode.node().place
    }

    fn queue(module: &Arc<Registry>) -> &InodeQueue<Self> {
        &module.lingering
    }
}

/// What the type carries: the registry, which evicted content leaves.
pub(crate) fn module(registry: Arc<Registry>) -> impl PinInit<Arc<Registry>, Error> {
    Ok::<_, Error>(registry)
}

impl FileSystem for Contents {
    const CACHE_NAME: &'static CStr = c"cofs_content";
    const FLAGS: i32 = 0;

    type Module = Arc<Registry>;
    type Mount = ();
    type Node = Content;
    type Target = Self;
    type Lists = Listed;
    type Kind = Anonymous;

    fn init_context(fc: context::New<'_>) -> Result {
        fc.pseudo::<Self>()
    }
}

impl super_block::Operations for Contents {}
