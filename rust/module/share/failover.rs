// SPDX-License-Identifier: GPL-2.0

//! When an image cannot give a page, another one with the same content can.

use super::content::Contents;
use crate::{
    fill::map::Map,
    sys::nofs,
    vfs::{
        folio::LockedFolio,
        inode::Inode, //
    }, //
};

/// Fills a folio from each provider in turn, once around, until one succeeds. It fails if none
/// does, and at once where there is only the one that has failed.
pub(crate) fn failover(content: &Inode<Contents>, mut folio: LockedFolio) {
    if content.node().sharers() < 2 {
        return;
    }
    let _nofs = nofs::Scope::new();
    let end = folio.end();
    let mut index = 0;
    while let Some(flight) = content.node().providers.nth(index) {
        let source = flight.source();
        let mut filling = folio.begin();
        let filled = source.fill(
            &mut Map::new(&source, end),
            &mut source.reader_now(),
            &mut filling,
        );
        if filled.is_ok() {
            // Once the folio is unlocked, the content may go.
            content.super_block().fs_type().module().count_failover();
            source.mount().counts.failover();
            filling.finish(Ok(()));
            return;
        }
        let Some(back) = filling.cancel() else {
            return;
        };
        folio = back;
        index += 1;
    }
}
