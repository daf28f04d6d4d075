// SPDX-License-Identifier: GPL-2.0
//! Takes the machine's memory, so that everybody else's page cache is reclaimed all the time.

use std::fs;
use std::time::{Duration, Instant};

use crate::error::{Context, Result};
use crate::sys::PAGE;

const CHUNK: usize = 2 << 20;
const MIB: u64 = 1 << 20;

/// Leaves others `leave` MiB for so many seconds: takes more where they could have more, and gives
/// back where they have less than half.
pub(crate) fn run(leave: u64, seconds: u64) -> Result<()> {
    // Should it come to that, this is the one to go.
    fs::write("/proc/self/oom_score_adj", "1000").what(|| "oom_score_adj".into())?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut held: Vec<Vec<u8>> = Vec::new();
    let (mut most, mut taken, mut least) = (0, 0u64, u64::MAX);
    while Instant::now() < end {
        let available = available()?;
        least = least.min(available);
        if available > leave * MIB + CHUNK as u64 {
            let mut chunk = vec![0; CHUNK];
            // Of each page its own: pages that are all the same could be merged.
            for (number, page) in chunk.chunks_mut(PAGE).enumerate() {
                page[0] = number as u8 | 1;
            }
            held.push(chunk);
            taken += 1;
            most = most.max(held.len());
            continue;
        }
        if available < leave * MIB / 2 {
            held.pop();
        } else if taken % 3 == 0 {
            // What is freed is fought for anew.
            held.pop();
            taken += 1;
        } else {
            taken += 1;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    println!(
        "held-mib={} least-available-mib={}",
        most * CHUNK >> 20,
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
