// SPDX-License-Identifier: GPL-2.0

//! All content, by what it is.
//!
//! An XArray, indexed by a keyed hash of the domain and the fingerprint cut to 16 bits (see
//! [`slot`]), with short chains in which the whole key is compared.

use super::{
    content::{
        Content,
        Contents, //
    },
    trust::Trust, //
};
use crate::{
    sys::{
        hash::SipKey,
        inode_queue::InodeQueue,
        inode_table::InodeTable, //
    },
    vfs::{
        address_space::AddressSpace,
        inode::Inode,
        super_block::SuperBlock, //
    }, //
};
use cofs_core::share::fingerprint::{
    slot,
    Key, //
};
use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        }, //
    }, //
};

/// What [`Registry::adopt`] found.
pub(super) struct Adopted {
    pub(super) content: ARef<Inode<Contents>>,
    /// Whether it is new.
    pub(super) made: bool,
}

/// The registry.
#[pin_data]
pub(crate) struct Registry {
    #[pin]
    pub(super) table: InodeTable<Contents>,
    /// Content without providers, in the order in which it lost the last one.
    #[pin]
    pub(super) lingering: InodeQueue<Contents>,
    /// New at each load, so that no image can aim at one chain.
    key: SipKey,
    adoptions: Atomic<u64>,
    failovers: Atomic<u64>,
}

impl Registry {
    /// An empty one.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            table <- InodeTable::new(),
            lingering <- InodeQueue::new(),
            key: SipKey::random(),
            adoptions: Atomic::new(0),
            failovers: Atomic::new(0),
        })
    }

    fn slot(&self, key: Key<'_>) -> usize {
        // Two hashes, so that no byte can move from the domain to the fingerprint.
        let domain = self.key.hash(key.domain);
        slot(domain.rotate_left(32) ^ self.key.hash(key.fingerprint))
    }

    /// The content for `key`, made on `sb` if there is none. It may retire before it is bound.
    ///
    /// Allocates; the caller has turned off reclaim into file systems.
    pub(super) fn adopt(&self, sb: &SuperBlock<Contents>, key: Key<'_>) -> Result<Adopted> {
        let slot = self.slot(key);
        if let Some(content) = self.table.find(slot, |c| c.is(key)) {
            return Ok(Adopted {
                content,
                made: false,
            });
        }
        let new = sb
            .new_inode()?
            .init::<Contents>(key.size, Content::new(key, slot, Trust::Claim)?)?;
        // Before anyone can find it, and retire it.
        new.keep_cached();
        let entered = self.table.insert(new.clone(), |c| c.is(key));
        if !matches!(entered, Ok((_, true))) {
            new.forget_when_unused();
        }
        let (content, made) = entered?;
        Ok(Adopted { content, made })
    }

    pub(super) fn count_adoption(&self) {
        self.adoptions.add(1, Relaxed);
    }

    /// Shows all content to `see`.
    pub(crate) fn for_each(&self, see: impl FnMut(&Content, &AddressSpace)) {
        self.table.for_each(see);
    }

    /// How often an inode was bound to content that was there before it.
    pub(crate) fn adoptions(&self) -> u64 {
        self.adoptions.load(Relaxed)
    }

    pub(super) fn count_failover(&self) {
        self.failovers.add(1, Relaxed);
    }

    /// How many folios another image filled than the one that was asked.
    pub(crate) fn failovers(&self) -> u64 {
        self.failovers.load(Relaxed)
    }
}
