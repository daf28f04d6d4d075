// SPDX-License-Identifier: GPL-2.0

//! Sharing: files with the same fingerprint, in the same domain, read the same pages.
//!
//! At first open an image's inode is bound: its `i_mapping`, and with it `f_mapping` of every
//! file, points to the pages of a *content inode* on an internal mount. An image keeps its inode
//! bound until that is evicted; content stays cached like any clean page cache, whether or not an
//! image of it is mounted, and the next mount adopts it.
//!
//! Lifetimes: super block > image inode > provider; content inode > its pages. Neither contains
//! the other: an image inode holds a reference to its content, and content holds none back. It
//! reads from an image only inside a flight, which the mount's end waits for.
//!
//! Lock order: `Node::binding` > `Content::providers` > the registry's xa_lock, or the lock of its
//! queue of what lingers. The spinlocks are never held while sleeping. Reclaim takes all of them in
//! evict_inode, so what allocates under one is GFP_NOFS.

mod bind;
mod content;
mod failover;
mod fingerprint;
mod hashing;
pub(crate) mod linger;
pub(crate) mod listing;
mod provider;
mod registry;
mod trust;
mod verify;

pub(crate) use bind::{
    closed,
    is_alone,
    opened,
    unbind,
    Binding, //
};
pub(crate) use content::{
    module,
    Contents, //
};
pub(crate) use failover::read;
pub(crate) use fingerprint::FingerprintName;
pub(crate) use hashing::Hasher;
pub(crate) use provider::with_source;
pub(crate) use registry::{
    Registry,
    Shown, //
};
pub(crate) use trust::filled;

use kernel::prelude::*;

/// With whom a mount shares, and how its files say what they are.
pub(crate) struct Domain {
    /// `domain_id=`: a secret of those who share.
    pub(crate) id: KVec<u8>,
    /// Where the fingerprint is, on an image that does not say so itself.
    pub(crate) fingerprint: FingerprintName,
    /// Whether what is shared must be what its fingerprint says.
    pub(crate) verify: bool,
    /// Whether the pages of content that it makes are charged to no memory cgroup; else to that of
    /// each one's first reader.
    pub(crate) nobody_pays: bool,
}
