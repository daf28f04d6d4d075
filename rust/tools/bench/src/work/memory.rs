// SPDX-License-Identifier: GPL-2.0

//! The memory that a read takes besides the page cache.

use super::compressed::{libraries, read_all, WINDOWS};
use super::Bench;
use crate::contender::Mounted;
use crate::machine;
use crate::trace;
use crate::Result;

const PAGE_KIB: i64 = 4;

/// For each window.
const WITH_MOUNT: [&str; 2] = [
    "8 MiB window, with the mount",
    "128 KiB window, with the mount",
];

/// Of a mount and of reading every library, with a module that was loaded just before: what it
/// keeps between two reads it must first get.
pub(super) fn sequential(bench: &mut Bench<'_>) -> Result<()> {
    let mut buffer = vec![1; 1 << 20];
    for ((kib, reading), whole) in WINDOWS.into_iter().zip(WITH_MOUNT) {
        bench.a.set_window(kib)?;
        bench.contender.reload()?;
        machine::settle()?;
        machine::shrink_slabs()?;
        let mut mounted = None;
        let parts = trace::pages(|| {
            let image = mounted.insert(Mounted::new(bench.contender, bench.a)?);
            let paths = libraries(image)?;
            trace::mark()?;
            read_all(&paths, &mut buffer)
        })?;
        if let Some(image) = mounted {
            image.unmount()?;
        }
        let [mount, read] = parts[..] else {
            return Err("the trace has not the parts it should have".into());
        };
        let peak = mount.peak.max(read.peak);
        bench.note(whole, "KiB", (peak * PAGE_KIB) as f64);
        bench.note(
            reading,
            "KiB",
            ((read.peak - read.before) * PAGE_KIB) as f64,
        );
    }
    Ok(())
}
