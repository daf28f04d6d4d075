// SPDX-License-Identifier: GPL-2.0

//! Mounting and unmounting.

use super::count;
use crate::contender::{Contender, Mounted};
use crate::repeat::Figure;
use crate::Result;

const TIMES: u32 = 40;

/// Many times, with the superblock's pages in the device's cache.
pub(super) fn cycle(
    contender: &Contender,
    [a, _]: [&str; 2],
    figures: &mut Vec<Figure>,
) -> Result<()> {
    Mounted::new(contender, a)?.unmount()?;
    let value = count(|| {
        for _ in 0..TIMES {
            Mounted::new(contender, a)?.unmount()?;
        }
        Ok(())
    })?;
    figures.push(Figure {
        part: "",
        unit: "us",
        value: value / f64::from(TIMES) / 1000.0,
    });
    Ok(())
}
