// SPDX-License-Identifier: GPL-2.0

//! From what lies on the image to bytes in a folio. Plain data needs no step here: the device
//! writes it into the folio itself.

use crate::{
    fill::source::Source,
    vfs::folio::Filling, //
};
use cofs_core::pages;
use kernel::prelude::*;

/// Copies `len` bytes at `pos` of the metadata to offset `at` of the folio.
pub(crate) fn tail(
    source: &Source<'_>,
    filling: &mut Filling,
    mut at: usize,
    mut pos: u64,
    len: u64,
) -> Result {
    let mount = source.mount();
    let mut left = len as usize;
    while left > 0 {
        let (page, from) = pages::locate(&mount.metadata(), pos)
            .map_err(|e| mount.failed(source.disk().nid(), e))?;
        let bytes = page.get(from..).unwrap_or_default();
        let bytes = bytes.get(..left.min(bytes.len())).unwrap_or_default();
        filling.copy_from(at, bytes);
        at = at.saturating_add(bytes.len());
        pos = pos.saturating_add(bytes.len() as u64);
        left = left.saturating_sub(bytes.len());
    }
    Ok(())
}
