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
    trust::{
        Macs,
        State, //
    },
    verify::Published, //
};
use crate::{
    stats::Counts,
    sys::{
        hash::SipKey,
        inode_queue::InodeQueue,
        inode_table::InodeTable, //
    },
    vfs::{
        address_space::AddressSpace,
        inode::Inode,
        later::Later,
        super_block::SuperBlock, //
    }, //
};
use cofs_core::share::fingerprint::{
    slot,
    Key, //
};
use core::fmt;
use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    }, //
};

/// What [`Registry::adopt`] found.
pub(super) struct Adopted {
    pub(super) content: ARef<Inode<Contents>>,
    /// Whether it is new.
    pub(super) made: bool,
}

/// A domain, to be shown: the same for all that are in it, as long as the module is loaded.
#[derive(Clone, Copy)]
pub(crate) struct Shown(u64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
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
    /// Of pages.
    pub(super) mac_key: SipKey,
    /// Of what domains are called where they are shown.
    shown_key: SipKey,
    /// What was filled in interrupts and is to be checked.
    #[pin]
    pub(super) later: Later,
    /// Of all content.
    pub(crate) counts: Counts,
}

impl Registry {
    /// An empty one.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            table <- InodeTable::new(),
            lingering <- InodeQueue::new(),
            key: SipKey::random(),
            mac_key: SipKey::random(),
            shown_key: SipKey::random(),
            later <- Later::new(),
            counts: Counts::new(),
        }? Error)
    }

    fn slot(&self, key: Key<'_>) -> usize {
        // Two hashes, so that no byte can move from the domain to the fingerprint.
        let domain = self.key.hash(key.domain);
        slot(domain.rotate_left(32) ^ self.key.hash(key.fingerprint))
    }

    /// What `domain` is called where it is shown, for it is a secret: neither can it be told from this,
    /// nor a guess of it be tried.
    pub(crate) fn shown(&self, domain: &[u8]) -> Shown {
        Shown(self.shown_key.hash(domain))
    }

    /// New content for `key`, which nobody else finds.
    pub(super) fn make(
        &self,
        sb: &SuperBlock<Contents>,
        key: Key<'_>,
        state: State,
        nobody_pays: bool,
    ) -> Result<ARef<Inode<Contents>>> {
        let slot = self.slot(key);
        let new = sb.new_inode()?;
        if nobody_pays {
            new.charge_nobody();
        }
        new.init::<Contents>(key.size, Content::new(key, slot, state)?)
    }

    /// Enters `new`, unless there is content that `is` accepts: then returns that.
    fn enter(
        &self,
        new: &ARef<Inode<Contents>>,
        is: impl FnMut(&Content) -> bool,
    ) -> Result<Adopted> {
        // Before anyone can find it, and retire it.
        new.keep_cached();
        let entered = self.table.insert(new.clone(), is);
        if !matches!(entered, Ok((_, true))) {
            new.forget_when_unused();
        }
        let (content, made) = entered?;
        Ok(Adopted { content, made })
    }

    /// Lets others find `content`, all of which was hashed.
    pub(super) fn publish(
        &self,
        content: &ARef<Inode<Contents>>,
        macs: &Arc<Macs>,
    ) -> Result<Published> {
        let node = content.node();
        let published = node.providers.while_there(|| {
            if !node.trust.publish(macs) {
                return Ok(Published::Not);
            }
            let entered = self.enter(content, |other| other.is_same_as(node));
            if !matches!(entered, Ok(Adopted { made: true, .. })) {
                node.trust.unpublish(macs);
            }
            Ok(match entered? {
                Adopted { made: true, .. } => Published::This,
                Adopted { content, .. } => Published::Other(content),
            })
        });
        published.unwrap_or(Ok(Published::Not))
    }

    /// Public content that is the same as `own`, which is private.
    pub(super) fn find_published(&self, own: &Inode<Contents>) -> Option<ARef<Inode<Contents>>> {
        let node = own.node();
        self.table.find(node.slot(), |other| other.is_same_as(node))
    }

    /// The content for `key` that is believed, made on `sb` if there is none. It may retire before it
    /// is bound.
    ///
    /// Allocates; the caller has turned off reclaim into file systems.
    pub(super) fn adopt(
        &self,
        sb: &SuperBlock<Contents>,
        key: Key<'_>,
        nobody_pays: bool,
    ) -> Result<Adopted> {
        let is = |content: &Content| content.trust.is_claim() && content.key() == key;
        if let Some(content) = self.table.find(self.slot(key), is) {
            return Ok(Adopted {
                content,
                made: false,
            });
        }
        self.enter(&self.make(sb, key, State::Claim, nobody_pays)?, is)
    }

    /// Shows all content to `see`.
    pub(crate) fn for_each(&self, see: impl FnMut(&Content, &AddressSpace)) {
        self.table.for_each(see);
    }
}
