// SPDX-License-Identifier: GPL-2.0
//! umount(2) waits for the reads that its image's device has under way. The device under image A
//! delays each by `DELAY`, so that they still are.

use std::fs::read_to_string;
use std::thread;
use std::time::Duration;

use rustix::fs::{fadvise, major, minor, stat, Advice};

use crate::content::open;
use crate::error::{Context, Result};
use crate::lazy::evict;
use crate::mounting::Mounted;
use crate::pair::{big, golden, verify_read, Setup};

const ROUNDS: usize = 3;
/// As in the test's table for dm-delay.
const DELAY: Duration = Duration::from_millis(100);

pub(super) fn run(order: &str, setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let b = setup.mount_b()?;
    let mut waited = 0;
    for _ in 0..ROUNDS {
        let a = setup.mount_a()?;
        evict()?;
        begin(&a)?;
        let before = ended(setup)?;
        let read = || verify_read(&open(&big(&b))?, &golden);
        match order {
            "umount-waits" => a.end()?,
            "umount-reader" => thread::scope(|scope| {
                // Waits for pages that the image on its way out is filling.
                let reader = scope.spawn(read);
                let ended = a.end();
                let read = reader.join().map_err(|_| "a thread panicked".to_string())?;
                ended.and(read)
            })?,
            _ => return Err(format!("unknown order {order}")),
        }
        let after = ended(setup)?;
        thread::sleep(3 * DELAY);
        let late = ended(setup)? - after;
        if late != 0 {
            return Err(format!("{late} reads ended after umount"));
        }
        waited = waited.max(after - before);
        read()?;
    }
    println!("umount waited for up to {waited} reads");
    if waited == 0 {
        return Err("no read was under way".into());
    }
    Ok(())
}

/// Begins to read the file ahead, and lets go of it.
fn begin(mounted: &Mounted) -> Result<()> {
    let file = open(&big(mounted))?;
    fadvise(&file, 0, None, Advice::WillNeed).what(|| "fadvise".into())
}

/// How many reads the device of image A has ended.
fn ended(setup: &Setup<'_>) -> Result<u64> {
    let device = stat(setup.a).what(|| "no device".into())?.st_rdev;
    let file = format!("/sys/dev/block/{}:{}/stat", major(device), minor(device));
    let counts = read_to_string(&file).what(|| file.clone())?;
    let reads = counts
        .split_whitespace()
        .next()
        .and_then(|n| n.parse().ok());
    reads.ok_or(format!("{file}: '{counts}'"))
}
