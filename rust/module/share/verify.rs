// SPDX-License-Identifier: GPL-2.0

//! Binding where fingerprints are not believed: `share=verify`.
//!
//! An inode starts with content of its own, which nobody else finds. When that has been hashed, and is
//! what the fingerprint says, it is published, unless the same is there already: then the inode is bound
//! to that, at once where the hashing was done by the opener, else at the next open while no file of
//! it is open. So whoever shares content has had it, byte for byte.

use super::{
    bind::{
        self,
        Binding,
        Sharing, //
    },
    content::Contents,
    hashing::{
        self,
        Outcome,
        Who, //
    },
    provider::Provider,
    registry::Adopted,
    trust::{
        Macs,
        State,
        LARGEST, //
    }, //
};
use crate::{
    mount::{
        Image,
        Mount, //
    },
    stats::Count,
    sys::parameters,
    vfs::inode::Inode, //
};
use cofs_core::share::fingerprint::Key;
use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    }, //
};

/// What became of content that is what its fingerprint says.
pub(super) enum Published {
    /// It can be found now.
    This,
    /// This has been there before.
    Other(ARef<Inode<Contents>>),
    /// Its image has gone, or has given other bytes since.
    Not,
}

/// Counts what was published of what `mount` gives.
pub(super) fn count(published: &Published, content: &Inode<Contents>, mount: &Mount) {
    if matches!(published, Published::This) {
        let registry = content.super_block().fs_type().module();
        registry.counts.add(Count::Verified);
    }
    if !matches!(published, Published::Not) {
        mount.counts.add(Count::Verified);
    }
}

/// Makes `inode` a sharer of `content`, which is public. `None` if that has retired.
fn share(inode: &Inode<Image>, content: &ARef<Inode<Contents>>) -> Result<Option<Arc<Provider>>> {
    let provider = Provider::of(inode)?;
    let registry = &inode.super_block().fs_type().module().registry;
    let shared = registry.begin_sharing(content, &provider)?;
    Ok(shared.then_some(provider))
}

/// Content for `inode`, which is undecided: its own, or if that is small public content. `None` if it is
/// too large for that.
pub(super) fn own_or_public(
    inode: &Inode<Image>,
    key: Key<'_>,
    nobody_pays: bool,
) -> Result<Option<Sharing>> {
    if inode.size() > LARGEST {
        return Ok(None);
    }
    let sb = inode.super_block();
    let module = sb.fs_type().module();
    let registry = &module.registry;
    let provider = Provider::of(inode)?;
    let own = registry.make(
        module.contents.super_block(),
        key,
        State::Unread,
        nobody_pays,
    )?;
    if !registry.begin_sharing(&own, &provider)? {
        return Err(EIO);
    }
    let shared = if is_small(inode.size()) {
        find_public(inode, &own, &provider)
    } else {
        // Without memory for it the next open tries again.
        let _ = module.hasher.enqueue(&own, &provider);
        Ok(None)
    };
    if let Ok(None) = shared {
        let adopted = Adopted {
            content: own,
            made: true,
        };
        return Ok(Some((adopted, provider)));
    }
    registry.end_sharing(&own, &provider);
    Ok(shared?.map(|(content, sharer)| {
        let adopted = Adopted {
            content,
            made: false,
        };
        (adopted, sharer)
    }))
}

/// Content, and a provider of it.
type Shared = (ARef<Inode<Contents>>, Arc<Provider>);

/// Hashes `own`. Other content, if it is the same and public; else `own` has become so, or is private.
/// EINTR if a signal kills this thread.
fn find_public(
    inode: &Inode<Image>,
    own: &ARef<Inode<Contents>>,
    provider: &Arc<Provider>,
) -> Result<Option<Shared>> {
    let macs = match hashing::hash(own, provider, Who::Opener) {
        Ok(Outcome::Same(macs)) => macs,
        Ok(Outcome::Other) => return Ok(None),
        Err(e) if e == EINTR || e == ERESTARTSYS => return Err(e),
        // Whoever reads it is told.
        Err(_) => return Ok(None),
    };
    let shared = publish_or_share(inode, own, &macs);
    // Unless it was published.
    own.node().trust.settle(match shared {
        Ok(Some(_)) => State::Elsewhere,
        _ => State::Unread,
    });
    shared
}

fn publish_or_share(
    inode: &Inode<Image>,
    own: &ARef<Inode<Contents>>,
    macs: &Arc<Macs>,
) -> Result<Option<Shared>> {
    let sb = inode.super_block();
    let registry = &sb.fs_type().module().registry;
    loop {
        let published = registry.publish(own, macs)?;
        count(&published, own, &sb.mount());
        let Published::Other(other) = published else {
            return Ok(None);
        };
        if let Some(sharer) = share(inode, &other)? {
            return Ok(Some((other, sharer)));
        }
    }
}

/// Whether a file is hashed when it is opened.
fn is_small(size: u64) -> bool {
    size.div_ceil(1024) <= parameters::verify_open_kb().into()
}

/// Binds `inode`, of which one file is open, the one that is being opened, and which has private
/// content, to public content if it can be; or has its content hashed again.
pub(super) fn bind_again(
    inode: &Inode<Image>,
    content: &Inode<Contents>,
    binding: &mut Binding,
) -> Result {
    let Binding::Shared { provider, left } = binding else {
        return Ok(());
    };
    let module = inode.super_block().fs_type().module();
    let registry = &module.registry;
    let own: ARef<Inode<Contents>> = content.into();
    let public = match own.node().trust.state() {
        State::Elsewhere => match registry.find_published(&own) {
            Some(public) => share(inode, &public)?.map(|sharer| (public, sharer)),
            None => None,
        },
        State::Unread => None,
        // Under way, or final.
        _ => return Ok(()),
    };
    let public = match public {
        Some(public) => Some(public),
        None if is_small(inode.size()) => find_public(inode, &own, provider)?,
        None => {
            let _ = module.hasher.enqueue(&own, provider);
            return Ok(());
        }
    };
    if let Some((public, sharer)) = public {
        registry.end_sharing(&own, provider);
        *provider = sharer;
        // Who has found it without a file may still look at it.
        *left = inode.replace_mapping(public.clone());
        own.data_mapping().drop_unused();
        registry.counts.add(Count::Adopted);
        bind::tell(inode, &public);
    }
    Ok(())
}
