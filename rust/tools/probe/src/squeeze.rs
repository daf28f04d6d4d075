// SPDX-License-Identifier: GPL-2.0
//! Takes the machine's memory, so that everybody else's page cache is reclaimed all the time.

use std::fs;
use std::time::{Duration, Instant};

use rustix::fs::{fallocate, ftruncate, FallocateFlags};

use crate::error::{Context, Result};
use crate::sys;

const CHUNK: u64 = 4 << 20;
const MIB: u64 = 1 << 20;

/// Leaves others `leave` MiB for so many seconds: takes more where they could have more, and gives
/// back where they have less than half. Says "full" when it has what it wants for the first time.
pub(crate) fn run(leave: u64, seconds: u64) -> Result<()> {
    // Should it come to that, this is the one to go.
    fs::write("/proc/self/oom_score_adj", "1000").what(|| "oom_score_adj".into())?;
    let end = Instant::now() + Duration::from_secs(seconds);
    // Pages of a file in memory cost no fault each, and without swap nobody takes them.
    let file = sys::memory_file().what(|| "a file in memory".into())?;
    let (mut len, mut most, mut least, mut full) = (0, 0, u64::MAX, false);
    for turn in 0u64.. {
        if Instant::now() > end {
            break;
        }
        let available = available()?;
        if available > leave * MIB + CHUNK {
            fallocate(&file, FallocateFlags::empty(), len, CHUNK).what(|| "fallocate".into())?;
            len += CHUNK;
            most = most.max(len);
            continue;
        }
        if !full {
            println!("full");
            full = true;
        }
        least = least.min(available);
        // What is given back now and then is fought for anew.
        if available < leave * MIB / 2 || turn % 16 == 0 {
            len -= CHUNK.min(len);
            ftruncate(&file, len).what(|| "ftruncate".into())?;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    println!(
        "held-mib={} least-available-mib={}",
        most / MIB,
        least / MIB
    );
    Ok(())
}

/// What could be had without swapping, in bytes.
fn available() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo").what(|| "meminfo".into())?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.map(|kib| kib << 10)
        .ok_or_else(|| "no MemAvailable".into())
}
