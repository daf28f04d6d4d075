// SPDX-License-Identifier: GPL-2.0

//! The devices that images are mounted from.

use std::fs::{self, File};
use std::io;

use crate::Result;

/// The readahead window that a device has unless a work asks for another.
const WINDOW_KIB: u32 = 128;

/// A block device with an image.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) path: String,
}

impl Device {
    /// Sets the readahead window of what is mounted from it.
    pub(crate) fn set_window(&self, kib: u32) -> Result<()> {
        let target = fs::canonicalize(&self.path)?;
        let name = target.file_name().ok_or("a device without a name")?;
        let file = format!("/sys/block/{}/queue/read_ahead_kb", name.to_string_lossy());
        fs::write(&file, kib.to_string()).map_err(|e| format!("{file}: {e}"))?;
        Ok(())
    }
}

/// Where a work's images are.
pub(crate) enum Devices {
    /// On the drives themselves.
    Drives,
    /// Copied to RAM disks, with the name of the drive that each holds now: waiting for a real
    /// device would count as instructions.
    Memory([String; 2]),
}

impl Devices {
    /// The devices with the images of two drives.
    pub(crate) fn with(&mut self, images: [&str; 2]) -> Result<[Device; 2]> {
        let [a, b] = images;
        let pair = [self.get(0, a)?, self.get(if a == b { 0 } else { 1 }, b)?];
        for device in &pair {
            device.set_window(WINDOW_KIB)?;
        }
        Ok(pair)
    }

    fn get(&mut self, at: usize, image: &str) -> Result<Device> {
        let drive = format!("/dev/disk/cofs/{image}");
        let Self::Memory(held) = self else {
            return Ok(Device { path: drive });
        };
        let disk = format!("/dev/ram{at}");
        if held[at] != image {
            let copy = || -> io::Result<()> {
                let mut to = File::options().write(true).open(&disk)?;
                io::copy(&mut File::open(&drive)?, &mut to)?;
                to.sync_all()
            };
            copy().map_err(|e| format!("{drive} to {disk}: {e}"))?;
            image.clone_into(&mut held[at]);
        }
        Ok(Device { path: disk })
    }
}
