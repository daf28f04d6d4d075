// SPDX-License-Identifier: GPL-2.0

//! Binding an image's inode to content: at first open, once, until it is evicted.

use super::{
    content::{
        of,
        Contents, //
    },
    fingerprint,
    linger,
    provider::Provider,
    registry::Adopted,
    verify, //
};
use crate::{
    mount::Image,
    share::Domain,
    stats::Count,
    sys::{
        nofs,
        trace, //
    },
    vfs::inode::{
        Evicted,
        Inode, //
    }, //
};
use cofs_core::share::fingerprint::{
    sha256,
    Key, //
};
use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Acquire,
            Full, //
        },
        Arc, //
    }, //
};

/// Whose pages an inode's files read.
pub(crate) enum Binding {
    /// No file has been opened yet, or the mount shares nothing.
    Undecided,
    /// Its own.
    Private,
    /// Those of content.
    Shared {
        /// This inode, as one that can fill it.
        provider: Arc<Provider>,
        /// Content that the inode had for itself before.
        left: Option<ARef<Inode<Contents>>>,
    },
}

/// Decides for `inode`, unless that is done. On an error it stays undecided. A file of it is being
/// opened, until [`closed`].
pub(crate) fn opened(inode: &Inode<Image>) -> Result {
    let mount = inode.super_block().mount();
    let Some(domain) = &mount.domain else {
        return Ok(());
    };
    if !domain.verify {
        // Once redirected is redirected: most opens need no lock.
        return match inode.redirection() {
            Some(_) => Ok(()),
            None => bind(inode, domain),
        };
    }
    inode.node().files.fetch_add(1, Full);
    let bound = match inode.redirection() {
        Some(content) if content.node().trust.state().is_final() => Ok(()),
        _ => bind(inode, domain),
    };
    if bound.is_err() {
        closed(inode);
    }
    bound
}

/// A file of `inode` is closed.
pub(crate) fn closed(inode: &Inode<Image>) {
    let mount = inode.super_block().mount();
    if mount.domain.as_ref().is_some_and(|domain| domain.verify) {
        inode.node().files.fetch_sub(1, Full);
    }
}

fn bind(inode: &Inode<Image>, domain: &Domain) -> Result {
    let sb = inode.super_block();
    let mount = sb.mount();
    let mut binding = inode.node().binding.lock();
    let _nofs = nofs::Scope::new();
    match &*binding {
        Binding::Undecided => {}
        Binding::Private => return Ok(()),
        Binding::Shared { .. } => {
            return match inode.redirection() {
                // Whoever opens a file meanwhile has counted it, and comes here.
                Some(content) if inode.node().files.load(Acquire) == 1 => {
                    verify::bind_again(inode, content, &mut binding)
                }
                _ => Ok(()),
            };
        }
    }
    let Some(fingerprint) = fingerprint::read(inode, domain)? else {
        *binding = Binding::Private;
        return Ok(());
    };
    let key = Key {
        domain: &domain.id,
        fingerprint: &fingerprint,
        size: inode.size(),
    };
    let sharing = match domain.verify {
        // Of what is no hash nobody can say whether it is true.
        true if sha256(&fingerprint).is_none() => None,
        true => verify::own_or_public(inode, key, domain.nobody_pays)?,
        false => Some(believe(inode, key, domain.nobody_pays)?),
    };
    let Some((adopted, provider)) = sharing else {
        *binding = Binding::Private;
        return Ok(());
    };
    let registry = &sb.fs_type().module().registry;
    let content = adopted.content;
    if let Err(e) = inode.redirect_mapping(content.clone()) {
        registry.end_sharing(&content, &provider);
        return Err(e);
    }
    if !adopted.made {
        registry.counts.add(Count::Adopted);
    }
    mount.counts.add(Count::Bound);
    tell(inode, &content);
    *binding = Binding::Shared {
        provider,
        left: None,
    };
    Ok(())
}

/// Content that an inode is to be bound to, and the inode as a provider of it.
pub(super) type Sharing = (Adopted, Arc<Provider>);

/// Tells tracefs that `inode` was bound to `content`.
pub(super) fn tell(inode: &Inode<Image>, content: &Inode<Contents>) {
    let mount = inode.super_block().mount();
    let of = of(content, &mount, inode.node().disk.nid());
    trace::adopt(of, content.node().sharers());
}

/// The content that `inode` claims to have.
fn believe(inode: &Inode<Image>, key: Key<'_>, nobody_pays: bool) -> Result<Sharing> {
    let module = inode.super_block().fs_type().module();
    let provider = Provider::of(inode)?;
    let registry = &module.registry;
    loop {
        let adopted = registry.adopt(module.contents.super_block(), key, nobody_pays)?;
        // Content that has just retired is not in the registry any more.
        if registry.begin_sharing(&adopted.content, &provider)? {
            return Ok((adopted, provider));
        }
    }
}

/// Whether no other image's inode has the pages of this one's files.
pub(crate) fn is_alone(inode: &Inode<Image>) -> bool {
    inode
        .redirection()
        .is_none_or(|content| content.node().sharers() < 2)
}

/// Undoes [`opened`].
pub(crate) fn unbind(inode: Evicted<'_, Image>) {
    let Some(content) = inode.restore_mapping() else {
        return;
    };
    let binding = core::mem::replace(&mut *inode.node().binding.lock(), Binding::Undecided);
    if let Binding::Shared { provider, left } = binding {
        let sb = inode.super_block();
        let module = sb.fs_type().module();
        module.registry.end_sharing(&content, &provider);
        sb.mount().counts.remove(Count::Bound);
        drop(left);
        if linger::limit().is_bound() {
            module.trim.schedule();
        }
    }
}
