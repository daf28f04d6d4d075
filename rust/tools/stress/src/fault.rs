// SPDX-License-Identifier: GPL-2.0
//! Faults, in episodes with peace between them, in which nothing may fail.
//!
//! The mapped devices exist already; here their tables are changed. What fails allocations and requests
//! is the kernel's fault injection, which only the debug kernel has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use fastrand::Rng;

use crate::counts::{Count, Counts};
use crate::trouble::{Context, Result};

/// What fault injection never comes to the end of.
const PLENTY: u64 = 1 << 30;

/// A mapped device, over one that works.
pub(crate) struct Device {
    name: String,
    below: String,
    sectors: u64,
}

impl Device {
    /// NAME=DEVICE: a device that is mapped to all of DEVICE now.
    pub(crate) fn parse(text: &str) -> Result<Device> {
        let (name, below) = text
            .split_once('=')
            .ok_or_else(|| format!("{text} is no NAME=DEVICE"))?;
        let real = fs::canonicalize(below).text(|| below.into())?;
        let size = Path::new("/sys/class/block")
            .join(real.file_name().unwrap_or_default())
            .join("size");
        let sectors = fs::read_to_string(&size).text(|| format!("read {}", size.display()))?;
        let sectors = sectors
            .trim()
            .parse()
            .map_err(|_| format!("{}: {sectors}", size.display()))?;
        Ok(Device {
            name: name.into(),
            below: real.display().to_string(),
            sectors,
        })
    }

    fn table(&self, kind: &str) -> Result<()> {
        let Device {
            name,
            below,
            sectors,
        } = self;
        let table = match kind {
            "error" => format!("0 {sectors} error"),
            // Up for a second, down for a second.
            "flakey" => format!("0 {sectors} flakey {below} 0 1 1"),
            _ => format!("0 {sectors} linear {below} 0"),
        };
        dmsetup(&["suspend", "--noflush", "--nolockfs", name])?;
        let loaded = dmsetup(&["load", name, "--table", &table]);
        // Nobody gets on while it is suspended, whatever it is mapped to.
        dmsetup(&["resume", name]).and(loaded)
    }
}

fn dmsetup(arguments: &[&str]) -> Result<()> {
    let output = Command::new("dmsetup")
        .arg("--noudevsync")
        .args(arguments)
        .output();
    let output = output.text(|| "dmsetup".into())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "dmsetup {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// One of the kernel's fault injections.
struct Injection {
    dir: PathBuf,
    count: Count,
    /// Per cent.
    most: u64,
    settings: &'static [(&'static str, &'static str)],
}

/// Everything that can fail here.
pub(crate) struct Faults {
    devices: Vec<Device>,
    injections: Vec<Injection>,
    flakey: bool,
}

impl Faults {
    pub(crate) fn new(devices: &[String], disks: &[PathBuf]) -> Result<Faults> {
        let devices = devices
            .iter()
            .map(|text| Device::parse(text))
            .collect::<Result<Vec<_>>>()?;
        let output = Command::new("dmsetup").arg("targets").output();
        let targets = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
        let debug = Path::new("/sys/kernel/debug");
        let mut injections = vec![
            Injection {
                dir: debug.join("failslab"),
                count: Count::SlabFaults,
                most: 5,
                settings: &[("task-filter", "Y"), ("ignore-gfp-wait", "N")],
            },
            Injection {
                dir: debug.join("fail_page_alloc"),
                count: Count::PageFaults,
                most: 5,
                settings: &[
                    ("task-filter", "Y"),
                    ("ignore-gfp-wait", "N"),
                    ("min-order", "0"),
                ],
            },
            Injection {
                dir: debug.join("fail_make_request"),
                count: Count::RequestFaults,
                most: 50,
                settings: &[],
            },
        ];
        injections.retain(|injection| injection.dir.exists());
        for disk in disks {
            let switch = disk.join("make-it-fail");
            if switch.exists() {
                fs::write(&switch, "1").text(|| format!("{}", switch.display()))?;
            }
        }
        Ok(Faults {
            devices,
            injections,
            flakey: targets.is_ok_and(|targets| targets.contains("flakey")),
        })
    }

    /// Whether anything can fail at all.
    pub(crate) fn any(&self) -> bool {
        !self.devices.is_empty() || !self.injections.is_empty()
    }

    /// One episode after the other until the end.
    pub(crate) fn run(&self, counts: &Counts, rng: &mut Rng) -> Result<()> {
        let mut turn = rng.usize(..16);
        while !counts.stopped() && self.any() {
            peace(counts, rng.u64(400..2000));
            if counts.stopped() {
                break;
            }
            // In turns, so that a slow guest sees all of them, too.
            turn += 1;
            match self.injections.get(turn % (self.injections.len() + 1)) {
                Some(injection) => injection.episode(counts, rng)?,
                None if !self.devices.is_empty() => self.devices_fail(counts, rng)?,
                None => {}
            }
        }
        Ok(())
    }

    fn devices_fail(&self, counts: &Counts, rng: &mut Rng) -> Result<()> {
        let mut devices: Vec<&Device> = self.devices.iter().collect();
        rng.shuffle(&mut devices);
        // Some at a time, now and then all.
        let some = match rng.u32(..4) {
            0 => devices.len(),
            _ => 1 + rng.usize(..devices.len()),
        };
        let kind = if self.flakey && rng.bool() {
            "flakey"
        } else {
            "error"
        };
        counts.fault_begins();
        let failed = devices[..some].iter().try_for_each(|device| {
            counts.add(Count::DeviceFaults, 1);
            device.table(kind)
        });
        let length = if kind == "flakey" {
            1000..3000
        } else {
            50..1200
        };
        peace(counts, rng.u64(length));
        let mut mended = Ok(());
        for device in &devices[..some] {
            mended = mended.and(device.table("linear"));
        }
        counts.fault_ends();
        failed.and(mended)
    }
}

impl Injection {
    fn set(&self, name: &str, value: &str) -> Result<()> {
        let file = self.dir.join(name);
        fs::write(&file, value).text(|| format!("write {}", file.display()))
    }

    fn episode(&self, counts: &Counts, rng: &mut Rng) -> Result<()> {
        counts.fault_begins();
        let mut result = [("verbose", "0"), ("interval", "1"), ("space", "0")]
            .iter()
            .chain(self.settings)
            .try_for_each(|(name, value)| self.set(name, value))
            .and_then(|()| self.set("times", &PLENTY.to_string()))
            .and_then(|()| self.set("probability", &rng.u64(1..=self.most).to_string()));
        peace(counts, rng.u64(100..1200));
        result = result.and(self.set("probability", "0"));
        let left = fs::read_to_string(self.dir.join("times")).unwrap_or_default();
        let left = left.trim().parse().unwrap_or(PLENTY);
        counts.add(self.count, PLENTY.saturating_sub(left));
        counts.fault_ends();
        result
    }
}

/// Waits so many milliseconds, or for the end.
fn peace(counts: &Counts, milliseconds: u64) {
    for _ in 0..milliseconds.div_ceil(20) {
        if counts.stopped() {
            return;
        }
        sleep(Duration::from_millis(20));
    }
}
