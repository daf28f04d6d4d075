// SPDX-License-Identifier: GPL-2.0

//! Where a read enters: `->readahead` and `->read_folio`, for files with pages of their own and
//! for shared content.

use crate::{
    fill::{
        gather,
        map::Map,
        source::Source,
        widen, //
    },
    mount::Image,
    share::{
        self,
        Contents, //
    },
    stats::By,
    sys::{
        bio::Purpose,
        nofs, //
    },
    vfs::{
        address_space::{
            AddressSpace,
            Operations, //
        },
        asked_folio::AskedFolio,
        file::File,
        folio::{
            Filled,
            LockedFolio, //
        },
        folios::Folios,
        inode::Inode,
        readahead::Window, //
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
    let mut map = Map::new(source, end);
    let mut reader = source.reader(purpose);
    for folio in folios {
        let mut filling = folio.begin();
        let result = source.fill(&mut map, &mut reader, &mut filling);
        filling.finish(result);
    }
}

/// Fills `folio` of the pages of `mapping` from `source`, as someone waits for it. What is wrong
/// with the image, where that is known by then.
pub(crate) fn fill_one(source: &Source<'_>, mapping: &AddressSpace, folio: LockedFolio) -> Result {
    let _nofs = nofs::Scope::new();
    if !source.is_compressed() {
        let end = folio.range().end;
        fill(source, Purpose::Demand, end, core::iter::once(folio));
        return Ok(());
    }
    let mut folios = Folios::with_capacity(1)?;
    folios.push(folio)?;
    let started = gather::start(source, mapping.key(), Purpose::Demand, folios, true)?;
    if let Some(window) = started.window {
        // If a signal kills this thread a worker goes on.
        let _ = window.finish(&(0..u64::MAX), By::Reader);
        return started.found.and(window.outcome());
    }
    started.found
}

/// Starts to fill the folios of `window`, of the pages of `mapping`, from `source`.
fn read_ahead(
    source: &Source<'_>,
    mapping: &AddressSpace,
    file: Option<&File>,
    window: &mut Window<'_>,
) {
    let _nofs = nofs::Scope::new();
    if !source.is_compressed() {
        return fill(source, Purpose::Readahead, window.end(), window);
    }
    let sequential = widen::is_sequential(&window.range(), file);
    if let Some(range) = widen::whole_clusters(source, window.range(), sequential) {
        window.expand(range);
    }
    let Ok(mut folios) = Folios::with_capacity(window.folios()) else {
        return;
    };
    // Those that there is no room for fail by themselves.
    for folio in window {
        if folios.push(folio).is_err() {
            break;
        }
    }
    let _ = gather::start(
        source,
        mapping.key(),
        Purpose::Readahead,
        folios,
        !sequential,
    );
}

impl Operations for Image {
    type Host = Self;

    fn read_folio(
        inode: &Inode<Self>,
        _file: Option<&File>,
        folio: LockedFolio,
        _asked: &AskedFolio<'_>,
    ) -> Result {
        fill_one(&Source::of(inode), inode.data_mapping(), folio)
    }

    fn readahead(inode: &Inode<Self>, file: Option<&File>, window: &mut Window<'_>) {
        read_ahead(&Source::of(inode), inode.data_mapping(), file, window);
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
        let _ = share::with_source(content, file, window.range(), |source| {
            read_ahead(source, content.data_mapping(), file, window);
        });
    }
}
