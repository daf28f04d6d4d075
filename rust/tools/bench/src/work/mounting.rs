// SPDX-License-Identifier: GPL-2.0

//! Mounting and unmounting.

use super::{count, Bench, INSTRUCTION};
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

/// Each for itself; the clock runs on while umount(2) waits.
pub(super) fn apart(bench: &mut Bench<'_>) -> Result<()> {
    Mounted::new(bench.contender, bench.a)?.unmount()?;
    let mut mounting = 0.0;
    let mut unmounting = 0.0;
    for _ in 0..TIMES {
        let mut image = None;
        mounting += count(|| {
            image = Some(Mounted::new(bench.contender, bench.a)?);
            Ok(())
        })?;
        if let Some(image) = image {
            unmounting += count(|| image.unmount())?;
        }
    }
    bench.note("mount", INSTRUCTION, mounting / f64::from(TIMES));
    bench.note("umount", INSTRUCTION, unmounting / f64::from(TIMES));
    Ok(())
}
