// SPDX-License-Identifier: GPL-2.0
//! What takes memory and CPUs away, and is no fault: nothing may fail for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use fastrand::Rng;

use crate::counts::{Count, Counts};
use crate::trouble::{Context, Result};

/// Drops caches, and what lingers, until the end.
pub(crate) fn drop_caches(counts: &Counts, rng: &mut Rng) {
    while !counts.stopped() {
        let (file, value) = match rng.u32(..12) {
            0..4 => ("/proc/sys/vm/drop_caches", "1"),
            4..7 => ("/proc/sys/vm/drop_caches", "2"),
            7..9 => ("/proc/sys/vm/drop_caches", "3"),
            9 => ("/sys/fs/cofs/drop_content", "1"),
            _ => ("/proc/sys/vm/compact_memory", "1"),
        };
        if fs::write(file, value).is_ok() {
            counts.add(Count::Drops, 1);
        }
        sleep(Duration::from_millis(rng.u64(20..600)));
    }
}

/// Takes CPUs away and gives them back, all but the first.
pub(crate) fn hotplug(counts: &Counts, rng: &mut Rng) {
    let mut cpus: Vec<PathBuf> = (1..)
        .map(|number| PathBuf::from(format!("/sys/devices/system/cpu/cpu{number}/online")))
        .take_while(|path| path.exists())
        .collect();
    while !counts.stopped() && !cpus.is_empty() {
        rng.shuffle(&mut cpus);
        let away = 1 + rng.usize(..cpus.len());
        for cpu in &cpus[..away] {
            if fs::write(cpu, "0").is_ok() {
                counts.add(Count::Hotplugs, 1);
            }
        }
        sleep(Duration::from_millis(rng.u64(100..900)));
        for cpu in &cpus[..away] {
            let _ = fs::write(cpu, "1");
        }
        sleep(Duration::from_millis(rng.u64(500..3000)));
    }
}

/// Memory cgroups for workers, removed when dropped.
pub(crate) struct Groups(Vec<PathBuf>);

impl Groups {
    /// One of each of these sizes; none if there is no memory controller.
    pub(crate) fn new(mib: &[u64]) -> Result<Groups> {
        let top = Path::new("/sys/fs/cgroup");
        let mut groups = Groups(Vec::new());
        if fs::write(top.join("cgroup.subtree_control"), "+memory").is_err() {
            println!("# no memory controller");
            return Ok(groups);
        }
        for (number, mib) in mib.iter().enumerate() {
            let dir = top.join(format!("stress-{number}"));
            fs::create_dir_all(&dir).text(|| format!("mkdir {}", dir.display()))?;
            groups.0.push(dir.clone());
            fs::write(dir.join("memory.max"), (mib << 20).to_string())
                .text(|| "memory.max".into())?;
        }
        Ok(groups)
    }

    pub(crate) fn dir(&self, group: usize) -> Option<&Path> {
        self.0.get(group).map(PathBuf::as_path)
    }

    /// How often they were at their limit.
    pub(crate) fn at_limit(&self) -> u64 {
        let max = |dir: &PathBuf| {
            let events = fs::read_to_string(dir.join("memory.events")).ok()?;
            let line = events.lines().find_map(|line| line.strip_prefix("max "))?;
            line.parse::<u64>().ok()
        };
        self.0.iter().filter_map(max).sum()
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for dir in &self.0 {
            let _ = fs::remove_dir(dir);
        }
    }
}
