// SPDX-License-Identifier: GPL-2.0

//! Content that no image holds: it stays cached, the oldest goes first where that is bounded, and
//! all of it, or that of one domain, can be dropped.
//!
//! Content *retires* under the lock of its providers: it leaves the registry, so that whoever
//! opens such a file next makes new content, and goes with its last user. It has no open file and
//! no mapping then, so that all its pages go with it.

use super::{
    content::Contents,
    provider::Provider,
    registry::Registry, //
};
use crate::{
    sys::{
        parameters,
        work::Run, //
    },
    vfs::inode::Inode, //
};
use cofs_core::share::linger::Limit;
use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    }, //
};

/// The bound on what lingers.
pub(crate) fn limit() -> Limit {
    Limit::from_mib(parameters::linger_mb().into())
}

/// Keeps to the bound.
pub(crate) struct Trim(pub(crate) Arc<Registry>);

impl Run for Trim {
    fn run(&self) {
        self.0.trim();
    }
}

impl Registry {
    /// Makes `provider` one of `content`'s, whose last user the caller is not. False if the
    /// content has retired. Where that fails, content without a provider lingers.
    pub(super) fn begin_sharing(
        &self,
        content: &Inode<Contents>,
        provider: &Arc<Provider>,
    ) -> Result<bool> {
        let providers = &content.node().providers;
        providers.add(
            provider,
            || self.lingering.remove(content),
            || self.linger(content),
        )
    }

    /// Undoes [`Self::begin_sharing`].
    pub(super) fn end_sharing(&self, content: &Inode<Contents>, provider: &Arc<Provider>) {
        let providers = &content.node().providers;
        providers.remove(provider, || self.linger(content));
    }

    fn linger(&self, content: &Inode<Contents>) {
        // What nobody can find goes with its last user.
        if content.node().trust.state().is_public() {
            self.lingering.push(content);
        }
    }

    /// Drops what lingers beyond the bound, the oldest content first, each as a whole. Content counts
    /// with the pages that it had when it lost its last provider: nobody can add to them, and those
    /// that memory pressure has taken since make this drop more than it must.
    pub(crate) fn trim(&self) {
        let limit = limit();
        while let Some(content) = self.lingering.pop(|pages| limit.excess(pages) > 0) {
            self.retire(content);
        }
    }

    /// Drops all that lingers.
    pub(crate) fn drop_content(&self) {
        self.lingering
            .take(|_| true, |content| self.retire(content));
    }

    /// Drops what lingers of `domain`.
    pub(crate) fn drop_domain(&self, domain: &[u8]) {
        self.lingering.take(
            |content| content.is_in(domain),
            |content| self.retire(content),
        );
    }

    fn retire(&self, content: ARef<Inode<Contents>>) {
        let node = content.node();
        if node.providers.retire(|| self.table.remove(&content)) {
            content.forget_when_unused();
        }
    }
}
