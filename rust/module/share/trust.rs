// SPDX-License-Identifier: GPL-2.0

//! Why what an image gives for content is believed.
//!
//! Every filled folio of content comes by here once, whichever way it was filled, before anyone
//! can see it: see [`Filled`]. A trust that wants the bytes checked takes the folio, which stays
//! locked, to a worker, and drops it where they are not what was claimed.

use super::content::Contents;
use crate::vfs::{
    folio::Filled,
    inode::Inode, //
};

/// On what the content's bytes are believed; decided when the content is made.
#[derive(Clone, Copy)]
pub(crate) enum Trust {
    /// The fingerprint, which is a claim of whoever made the image: they are of the domain.
    Claim,
}

/// Decides about a folio of `content`. May run in an interrupt.
pub(crate) fn filled(content: &Inode<Contents>, folio: Filled) {
    match content.node().trust {
        Trust::Claim => folio.publish(),
    }
}
