// SPDX-License-Identifier: GPL-2.0

//! Binding an image's inode to content: at first open, once, until it is evicted.

use super::{
    fingerprint,
    linger,
    provider::Provider, //
};
use crate::{
    mount::Image,
    sys::nofs,
    vfs::inode::{
        Evicted,
        Inode, //
    }, //
};
use cofs_core::share::fingerprint::Key;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Whose pages an inode's files read.
pub(crate) enum Binding {
    /// No file has been opened yet, or the mount shares nothing.
    Undecided,
    /// Its own.
    Private,
    /// Those of content, for which this inode is the provider.
    Shared(Arc<Provider>),
}

/// Decides for `inode`, unless that is done. On an error it stays undecided.
pub(crate) fn bind(inode: &Inode<Image>) -> Result {
    let sb = inode.super_block();
    let mount = sb.mount();
    let Some(domain) = &mount.domain else {
        return Ok(());
    };
    // Once redirected is redirected: most opens need no lock.
    if inode.redirection().is_some() {
        return Ok(());
    }
    let mut binding = inode.node().binding.lock();
    if !matches!(*binding, Binding::Undecided) {
        return Ok(());
    }
    let _nofs = nofs::Scope::new();
    let Some(fingerprint) = fingerprint::read(inode, domain)? else {
        *binding = Binding::Private;
        return Ok(());
    };
    let key = Key {
        domain: &domain.id,
        fingerprint: &fingerprint,
        size: inode.size(),
    };
    let module = sb.fs_type().module();
    let provider = Arc::new(
        Provider::new(mount.into(), inode.node().disk.clone()),
        GFP_KERNEL,
    )?;
    let registry = &module.registry;
    let adopted = loop {
        let adopted = registry.adopt(module.contents.super_block(), key)?;
        // Content that has just retired is not in the registry any more.
        if registry.begin_sharing(&adopted.content, &provider)? {
            break adopted;
        }
    };
    if let Err(e) = inode.redirect_mapping(adopted.content.clone()) {
        registry.end_sharing(&adopted.content, &provider);
        return Err(e);
    }
    if !adopted.made {
        registry.count_adoption();
    }
    mount.counts.bound();
    *binding = Binding::Shared(provider);
    Ok(())
}

/// Whether no other image's inode has the pages of this one's files.
pub(crate) fn is_alone(inode: &Inode<Image>) -> bool {
    inode
        .redirection()
        .is_none_or(|content| content.node().sharers() < 2)
}

/// Undoes [`bind`].
pub(crate) fn unbind(inode: Evicted<'_, Image>) {
    let Some(content) = inode.restore_mapping() else {
        return;
    };
    if let Binding::Shared(provider) = &*inode.node().binding.lock() {
        let sb = inode.super_block();
        let module = sb.fs_type().module();
        module.registry.end_sharing(&content, provider);
        sb.mount().counts.unbound();
        if linger::limit().is_bound() {
            module.trim.schedule();
        }
    }
}
