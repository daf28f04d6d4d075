// SPDX-License-Identifier: GPL-2.0

//! Whether content is what its fingerprint says: all of it is read through its own pages, as its
//! image gives them, on the thread that opens the file where it is small, else by a worker that runs
//! when nothing else does.

use super::{
    content::{
        of,
        Contents, //
    },
    provider::Provider,
    trust::{
        Macs,
        State, //
    },
    verify::{
        self,
        Published, //
    }, //
};
use crate::{
    mount::{
        Mount,
        Report, //
    },
    stats::Count,
    sys::{
        nofs,
        trace::{
            self,
            Hashed, //
        },
        work::{
            Idle,
            Queue, //
        }, //
    },
    vfs::{
        inode::Inode,
        scan::Scan, //
    }, //
};
use kernel::{
    impl_has_work,
    new_work,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    },
    workqueue::{
        Work,
        WorkItem, //
    }, //
};

const PAGE: u64 = PAGE_SIZE as u64;

/// Who reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// The thread that opens the file, and will read it.
    Opener,
    /// A worker; what nobody else has read does not stay.
    Idle,
}

/// Reads all of `content`, from an image on `mount`, and has `macs` learn it. Its SHA-256.
fn read(content: &Inode<Contents>, mount: &Mount, macs: &Macs, who: Who) -> Result<[u8; 32]> {
    let registry = content.super_block().fs_type().module();
    let mapping = content.data_mapping();
    let size = content.size();
    let end = size.div_ceil(PAGE);
    let mut scan = Scan::new(mapping, who == Who::Idle);
    let mut sha = crate::sys::hash::Sha256::new();
    let mut pages: KVec<(u64, u64)> = KVec::new();
    let mut index = 0;
    while index < end {
        let from = index.saturating_mul(PAGE);
        {
            let _nofs = nofs::Scope::new();
            scan.read_ahead(index, end);
            match who {
                Who::Opener => mount.windows.finish(mapping.key(), from..from + PAGE)?,
                // It must not take what others wait for.
                Who::Idle => mount.windows.hand_over(mapping.key(), &(from..from + PAGE)),
            }
        }
        let folio = scan.folio(index)?;
        pages.clear();
        for (number, page) in folio.pages() {
            pages.push((number, Macs::of(&registry.mac_key, page)), GFP_KERNEL)?;
        }
        let kept = folio.while_in_place(|| {
            for &(number, mac) in &pages {
                macs.learn(number, mac);
            }
        });
        if !kept {
            // Another has its place, or will have.
            continue;
        }
        for (number, page) in folio.pages().filter(|(number, _)| *number >= index) {
            let left = size.saturating_sub(number.saturating_mul(PAGE));
            let len = left.min(PAGE) as usize;
            sha.update(page.get(..len).unwrap_or_default());
        }
        index = pages.last().map_or(end, |(last, _)| last.saturating_add(1));
    }
    Ok(sha.finish())
}

/// What a pass came to.
pub(super) enum Outcome {
    /// The content is what the fingerprint says. It is neither published nor private yet.
    Same(Arc<Macs>),
    /// It is not, and is private.
    Other,
}

/// Hashes `content`, which is unread, by what `provider` gives. On an error it is unread again.
pub(super) fn hash(content: &Inode<Contents>, provider: &Provider, who: Who) -> Result<Outcome> {
    let node = content.node();
    let macs = Macs::new(content.size())?;
    if !node.trust.begin(&macs) {
        return Err(EBUSY);
    }
    let mount = provider.mount();
    let told = |outcome| {
        trace::verify(of(content, mount, provider.nid()), content.size(), outcome);
    };
    let hash = read(content, mount, &macs, who).inspect_err(|_| {
        node.trust.settle(State::Unread);
        told(Hashed::Unread);
    })?;
    if node.sha256() == Some(&hash) && node.trust.state() == State::Hashing {
        told(Hashed::Same);
        return Ok(Outcome::Same(macs));
    }
    told(Hashed::Other);
    node.trust.settle(State::Refused);
    let registry = content.super_block().fs_type().module();
    registry.counts.add(Count::Refused);
    mount.counts.add(Count::Refused);
    mount.report(
        Report::Fingerprint,
        Some(provider.nid()),
        "the content is not what its fingerprint says: it is not shared",
    );
    Ok(Outcome::Other)
}

/// Content that is to be hashed when nothing else is to be done.
#[pin_data]
pub(crate) struct Job {
    content: ARef<Inode<Contents>>,
    provider: Arc<Provider>,
    #[pin]
    work: Work<Job>,
}

impl_has_work! {
    impl HasWork<Self> for Job { self.work }
}

impl WorkItem for Job {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let _idle = Idle::new();
        // Where it fails the next open tries again.
        let Ok(Outcome::Same(macs)) = hash(&this.content, &this.provider, Who::Idle) else {
            return;
        };
        let content = &this.content;
        let registry = content.super_block().fs_type().module();
        let published = registry.publish(content, &macs);
        content.node().trust.settle(match published {
            Ok(Published::Other(_)) => State::Elsewhere,
            _ => State::Unread,
        });
        if let Ok(published) = published {
            verify::count(&published, content, this.provider.mount());
        }
    }
}

/// Who hashes when nothing else is to be done: one thread.
pub(crate) struct Hasher(Queue);

impl Hasher {
    /// With nothing to do.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Queue::idle()?))
    }

    /// Has `content` hashed.
    pub(super) fn enqueue(
        &self,
        content: &ARef<Inode<Contents>>,
        provider: &Arc<Provider>,
    ) -> Result {
        let job = Arc::pin_init(
            pin_init!(Job {
                content: content.clone(),
                provider: provider.clone(),
                work <- new_work!("cofs hash"),
            }),
            GFP_KERNEL,
        )?;
        // New, so that it is not queued.
        let _ = self.0.get().enqueue(job);
        Ok(())
    }
}
