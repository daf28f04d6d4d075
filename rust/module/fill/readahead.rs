// SPDX-License-Identifier: GPL-2.0

//! Where a read enters: `->readahead` and `->read_folio`, for files with pages of their own and
//! for shared content.

use crate::{
    fill::{
        map::Map,
        source::Source, //
    },
    mount::Image,
    share::{
        self,
        Contents, //
    },
    sys::{
        bio::Purpose,
        nofs, //
    },
    vfs::{
        address_space::{
            Operations,
            Window, //
        },
        asked_folio::AskedFolio,
        file::File,
        folio::{
            Filled,
            LockedFolio, //
        },
        inode::Inode, //
    }, //
};
use kernel::prelude::*;

/// Fills `folios`, which end at file offset `end` at the latest, from `source`.
fn fill(
    source: &Source<'_>,
    purpose: Purpose,
    end: u64,
    folios: impl Iterator<Item = LockedFolio>,
) {
    let _nofs = nofs::Scope::new();
    let mut map = Map::new(source, end);
    let mut reader = source.reader(purpose);
    for folio in folios {
        let mut filling = folio.begin();
        let result = source.fill(&mut map, &mut reader, &mut filling);
        filling.finish(result);
    }
}

/// Fills `folio` from `source`, as someone waits for it.
pub(crate) fn fill_one(source: &Source<'_>, folio: LockedFolio) {
    let end = folio.range().end;
    fill(source, Purpose::Demand, end, core::iter::once(folio));
}

impl Operations for Image {
    type Host = Self;

    fn read_folio(
        inode: &Inode<Self>,
        _file: Option<&File>,
        folio: LockedFolio,
        _asked: &AskedFolio<'_>,
    ) -> Result {
        fill_one(&Source::of(inode), folio);
        Ok(())
    }

    fn readahead(inode: &Inode<Self>, _file: Option<&File>, window: &mut Window<'_>) {
        fill(&Source::of(inode), Purpose::Readahead, window.end(), window);
    }
}

impl Operations for Contents {
    type Host = Self;

    const DECIDES: bool = true;

    fn filled(content: &Inode<Self>, folio: Filled) {
        share::filled(content, folio);
    }

    fn read_folio(
        content: &Inode<Self>,
        file: Option<&File>,
        folio: LockedFolio,
        asked: &AskedFolio<'_>,
    ) -> Result {
        share::read(content, file, folio, asked)
    }

    fn readahead(content: &Inode<Self>, file: Option<&File>, window: &mut Window<'_>) {
        // Without a provider the folios stay as they are, and the readahead core drops them. Those
        // that fail are asked for again by whoever needs them.
        let _ = share::with_source(content, file, |source| {
            fill(source, Purpose::Readahead, window.end(), window);
        });
    }
}
