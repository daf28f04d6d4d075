// SPDX-License-Identifier: GPL-2.0

//! What the kernel says of itself: caches, slabs, devices.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::Result;

/// Drops every clean page and every unused object.
pub(crate) fn drop_caches() -> Result<()> {
    fs::write("/proc/sys/vm/drop_caches", "3")?;
    Ok(())
}

/// Drops them until the RCU callbacks of the first time are through as well.
pub(crate) fn settle() -> Result<()> {
    drop_caches()?;
    sleep(Duration::from_millis(200));
    drop_caches()
}

/// Gives back the slabs of which nothing is in use, so that who needs some takes them anew.
pub(crate) fn shrink_slabs() -> Result<()> {
    for cache in fs::read_dir("/sys/kernel/slab")? {
        fs::write(cache?.path().join("shrink"), "1")?;
    }
    Ok(())
}

/// A line of /proc/meminfo, in KiB.
fn meminfo(name: &str) -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .ok_or("no such line in meminfo")?;
    let value = line.split_whitespace().next().ok_or("an empty line")?;
    Ok(value.parse()?)
}

/// KiB in the page cache: of files, and of block devices.
pub(crate) fn page_cache() -> Result<u64> {
    // What each CPU has counted for itself is added up now and then, and now.
    fs::read("/proc/sys/vm/stat_refresh")?;
    Ok(meminfo("Cached")? + meminfo("Buffers")?)
}

/// KiB in slabs.
pub(crate) fn slabs() -> Result<u64> {
    meminfo("Slab")
}

/// KiB that were ever asked of block devices by reads. Unlike a device's own figures this counts
/// RAM disks, too.
pub(crate) fn read_kib() -> Result<u64> {
    let text = fs::read_to_string("/proc/vmstat")?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("pgpgin "))
        .ok_or("no pgpgin in vmstat")?;
    Ok(value.parse()?)
}

/// The objects in use of every slab whose name holds one of `names`.
pub(crate) fn objects(names: &[&str]) -> Result<u64> {
    let text = fs::read_to_string("/proc/slabinfo")?;
    let mut sum = 0;
    for line in text.lines().skip(2) {
        let mut fields = line.split_whitespace();
        let (Some(name), Some(active)) = (fields.next(), fields.next()) else {
            continue;
        };
        if names.iter().any(|wanted| name.contains(wanted)) {
            sum += active.parse::<u64>()?;
        }
    }
    Ok(sum)
}
