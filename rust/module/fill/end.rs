// SPDX-License-Identifier: GPL-2.0

//! The end of a read. Folios unlock themselves with their last piece ([`Piece::end`]); here the
//! mount learns that its device is no longer needed.
//!
//! Everything here may run in interrupt context.
//!
//! [`Piece::end`]: crate::vfs::folio::Piece::end

use crate::{
    mount::{
        Mount,
        Report, //
    },
    sys::bio::Owner,
    vfs::folio::Lost, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

impl Owner for Mount {
    const PIECES: bool = true;

    fn begin(&self) {
        self.flights.begin();
    }

    fn lost(&self, first: &Lost<'_>, error: Error, demand: bool) {
        Mount::lost(self, first, error, demand);
    }

    fn end(this: Arc<Self>, result: Result, demand: bool) {
        // A readahead that fails may be a path that fails over; whoever needs the data tries again.
        if demand && result.is_err() {
            this.report(Report::Device, None, "the device cannot be read");
        }
        let flights = this.flights.clone();
        // Not the last reference: the super block has one while anything is under way.
        drop(this);
        flights.end();
    }
}
