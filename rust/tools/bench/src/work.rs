// SPDX-License-Identifier: GPL-2.0

//! What is measured, a file for each kind.

mod mounting;
mod reading;
mod walking;

use std::time::Instant;

use crate::contender::Contender;
use crate::repeat::Figure;
use crate::Result;

/// Which images a work is done on.
pub(crate) enum Images {
    /// Large files.
    Big,
    /// 20,000 small ones.
    Many,
}

/// A work, and how to do it once.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) images: Images,
    /// Whether runs must agree, or differ by nature.
    pub(crate) exact: bool,
    pub(crate) run: fn(&Contender, [&str; 2], &mut Vec<Figure>) -> Result<()>,
}

/// What is counted in instructions, objects and pages.
pub(crate) const INSTRUCTIONS: &[Work] = &[
    Work {
        name: "read",
        images: Images::Big,
        exact: true,
        run: reading::read,
    },
    Work {
        name: "fault",
        images: Images::Big,
        exact: true,
        run: reading::fault,
    },
    Work {
        name: "open+close",
        images: Images::Big,
        exact: true,
        run: reading::open,
    },
    Work {
        name: "ls -lR",
        images: Images::Many,
        exact: true,
        run: walking::list,
    },
];

/// What is timed.
pub(crate) const TIME: &[Work] = &[Work {
    name: "mount+umount",
    images: Images::Many,
    exact: false,
    run: mounting::cycle,
}];

/// Nanoseconds of the clock; in a guest that counts instructions, their number.
fn count(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_nanos() as f64)
}

/// The unit of [`count`] in the guest that counts.
const INSTRUCTION: &str = "instructions";
