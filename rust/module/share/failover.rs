// SPDX-License-Identifier: GPL-2.0

//! When an image cannot give a page, another one with the same content can.
//!
//! The reader's own thread asks one image after the other. A provider may be a file on an image
//! whose pages are shared and fail over in turn: no worker that both went to could serve them, one
//! waiting for the other.

use super::{
    content::{
        of,
        Contents, //
    },
    provider, //
};
use crate::{
    fill::{
        readahead::fill_one,
        source::Source, //
    },
    mount::Mount,
    stats::Count,
    sys::trace,
    vfs::{
        asked_folio::{
            AskedFolio,
            Outcome, //
        },
        file::File,
        folio::LockedFolio,
        inode::Inode, //
    }, //
};
use kernel::prelude::*;

/// Fills a folio of `content` from the reader's own image, and where that fails from each other
/// provider in turn, once around, until one succeeds.
///
/// Where there is no other, the filling may be under way on return.
pub(crate) fn read(
    content: &Inode<Contents>,
    file: Option<&File>,
    mut folio: LockedFolio,
    asked: &AskedFolio<'_>,
) -> Result {
    let own = provider::own(content, file);
    let range = folio.range();
    let checked = !content.node().trust.is_claim();
    if checked {
        // By whoever read ahead.
        folio.was_refused();
    }
    // Of other bytes than those that were verified.
    let tell_refused = |folio: &LockedFolio, mount: &Mount, of: trace::Of<'_>| {
        if checked && folio.was_refused() {
            trace::mismatch(of, range.clone());
            mount.changed(of.nid);
        }
    };
    if let Some(inode) = own {
        let mount = inode.super_block().mount();
        let of = of(content, &mount, inode.node().disk.nid());
        trace::fill(of, range.clone());
        let filled = fill_one(&Source::of(inode), content.data_mapping(), folio);
        let alone = content.node().sharers() < 2;
        if alone && !checked {
            return filled;
        }
        folio = match asked.outcome() {
            Outcome::Failed(folio) => folio,
            Outcome::Filled | Outcome::Over => return Ok(()),
        };
        tell_refused(&folio, &mount, of);
        if alone {
            return filled;
        }
    }
    let mut first = own.is_none();
    let mut index = 0;
    loop {
        let flight = content.node().providers.nth(index).ok_or(EIO)?;
        index += 1;
        if own.is_some_and(|inode| flight.is(inode)) {
            continue;
        }
        // The wait is for the folio, and not for the image: that may go meanwhile.
        let mount = flight.mount();
        let of = of(content, &mount, flight.nid());
        trace::fill(of, range.clone());
        // The folio tells.
        let _ = fill_one(&flight.source(), content.data_mapping(), folio);
        drop(flight);
        folio = match asked.outcome() {
            Outcome::Failed(folio) => {
                tell_refused(&folio, &mount, of);
                folio
            }
            Outcome::Filled if !first => {
                let registry = content.super_block().fs_type().module();
                registry.counts.add(Count::Failover);
                mount.counts.add(Count::Failover);
                trace::failover(of, range.clone());
                return Ok(());
            }
            Outcome::Filled | Outcome::Over => return Ok(()),
        };
        first = false;
    }
}
