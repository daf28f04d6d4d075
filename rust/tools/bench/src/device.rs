// SPDX-License-Identifier: GPL-2.0

//! The devices that images are mounted from.

use std::fs::{self, File};
use std::io;

use crate::contender::Contender;
use crate::Result;

/// The readahead window that a device has unless a work asks for another.
const WINDOW_KIB: u32 = 128;

/// A block device with an image.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) path: String,
    /// The one that has the contents, where those are apart.
    pub(crate) store: Option<String>,
}

impl Device {
    /// Sets the readahead window of what is mounted from it.
    pub(crate) fn set_window(&self, kib: u32) -> Result<()> {
        for path in [Some(&self.path), self.store.as_ref()]
            .into_iter()
            .flatten()
        {
            let target = fs::canonicalize(path)?;
            let name = target.file_name().ok_or("a device without a name")?;
            let file = format!("/sys/block/{}/queue/read_ahead_kb", name.to_string_lossy());
            fs::write(&file, kib.to_string()).map_err(|e| format!("{file}: {e}"))?;
        }
        Ok(())
    }
}

/// How many disks there are in memory: more than any work has images.
const DISKS: usize = 14;

/// Where a work's images are.
pub(crate) enum Devices {
    /// On the drives themselves.
    Drives,
    /// Copied to RAM disks, with the names of the drives that those hold now: waiting for a real
    /// device would count as instructions.
    Memory {
        held: Vec<String>,
        /// The one that is given up next.
        next: usize,
    },
}

impl Devices {
    /// RAM disks that hold nothing yet.
    pub(crate) fn in_memory() -> Self {
        Self::Memory {
            held: vec![String::new(); DISKS],
            next: 0,
        }
    }

    /// The devices with a contender's images of two names.
    pub(crate) fn with(&mut self, contender: &Contender, images: [&str; 2]) -> Result<[Device; 2]> {
        let [a, b] = images.map(|image| self.device(contender, image));
        let pair = [a?, b?];
        for device in &pair {
            device.set_window(WINDOW_KIB)?;
        }
        Ok(pair)
    }

    fn device(&mut self, contender: &Contender, image: &str) -> Result<Device> {
        let path = self.get(contender.drive(image))?;
        let store = contender.store(image).map(|drive| self.get(drive));
        Ok(Device {
            path,
            store: store.transpose()?,
        })
    }

    fn get(&mut self, image: String) -> Result<String> {
        let drive = format!("/dev/disk/cofs/{image}");
        let Self::Memory { held, next } = self else {
            return Ok(drive);
        };
        if let Some(at) = held.iter().position(|name| *name == image) {
            return Ok(format!("/dev/ram{at}"));
        }
        let at = *next;
        *next = (at + 1) % DISKS;
        let disk = format!("/dev/ram{at}");
        held[at].clear();
        let copy = || -> io::Result<()> {
            let mut to = File::options().write(true).open(&disk)?;
            io::copy(&mut File::open(&drive)?, &mut to)?;
            to.sync_all()
        };
        copy().map_err(|e| format!("{drive} to {disk}: {e}"))?;
        held[at] = image;
        Ok(disk)
    }
}
