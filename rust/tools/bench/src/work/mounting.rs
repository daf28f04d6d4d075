// SPDX-License-Identifier: GPL-2.0

//! Mounting and unmounting.

use super::{count, Bench};
use crate::contender::Mounted;
use crate::Result;

const TIMES: u32 = 40;

/// Many times, with the superblock's pages in the device's cache.
pub(super) fn cycle(bench: &mut Bench<'_>) -> Result<()> {
    let mount = || Mounted::new(bench.contender, bench.a);
    mount()?.unmount()?;
    let value = count(|| {
        for _ in 0..TIMES {
            mount()?.unmount()?;
        }
        Ok(())
    })?;
    bench.note("", "us", value / f64::from(TIMES) / 1000.0);
    Ok(())
}
