// SPDX-License-Identifier: GPL-2.0

//! Who competes, and how its images are mounted.

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use rustix::io::Errno;
use rustix::mount::{mount, unmount, MountFlags, UnmountFlags};

use crate::Result;

/// A filesystem with options.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    /// As it stands in the report.
    pub(crate) name: &'static str,
    kind: &'static str,
    options: &'static str,
    /// Whether two images have pages in common.
    pub(crate) shares: bool,
}

const EROFS: Contender = Contender {
    name: "erofs",
    kind: "erofs",
    options: "",
    shares: false,
};

const COFS: Contender = Contender {
    name: "cofs",
    kind: "cofs",
    options: "",
    shares: false,
};

const EROFS_SHARING: Contender = Contender {
    name: "erofs inode_share",
    kind: "erofs",
    options: "inode_share,domain_id=bench",
    shares: true,
};

const COFS_SHARING: Contender = Contender {
    name: "cofs inode_share",
    kind: "cofs",
    options: "inode_share,domain_id=bench",
    shares: true,
};

/// Those whose images have nothing in common; the one that others are compared with first.
pub(crate) const PRIVATE: &[Contender] = &[EROFS, COFS];

/// Those whose images share.
pub(crate) const SHARING: &[Contender] = &[EROFS_SHARING, COFS_SHARING];

/// Everyone.
pub(crate) const ALL: &[Contender] = &[EROFS, COFS, EROFS_SHARING, COFS_SHARING];

impl Contender {
    /// Unloads the module, of which nothing must be mounted, and loads it again.
    pub(crate) fn reload(&self) -> Result<()> {
        let mut tries = 0;
        while !succeeds("rmmod", self.kind)? {
            tries += 1;
            if tries > 100 {
                return Err(format!("{} cannot be unloaded", self.kind).into());
            }
            sleep(Duration::from_millis(10));
        }
        let loaded = match self.kind {
            "erofs" => succeeds("modprobe", "erofs")?,
            _ => succeeds("insmod", "./cofs.ko")?,
        };
        match loaded {
            true => Ok(()),
            false => Err(format!("{} cannot be loaded", self.kind).into()),
        }
    }
}

fn succeeds(command: &str, argument: &str) -> Result<bool> {
    Ok(Command::new(command).arg(argument).status()?.success())
}

/// A mounted image.
pub(crate) struct Mounted {
    root: PathBuf,
}

impl Mounted {
    /// Mounts `device`.
    pub(crate) fn new(contender: &Contender, device: &str) -> Result<Self> {
        let root = Path::new("/run/bench").join(Path::new(device).file_name().unwrap_or_default());
        fs::create_dir_all(&root)?;
        let options = CString::new(contender.options)?;
        mount(device, &root, contender.kind, MountFlags::RDONLY, &*options)
            .map_err(|e| format!("mount {device}: {e}"))?;
        Ok(Self { root })
    }

    /// A path on the image.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Unmounts, and says whether that worked.
    pub(crate) fn unmount(mut self) -> Result<()> {
        let root = std::mem::take(&mut self.root);
        let mut tries = 0;
        // The files of mappings are put some time after munmap(2).
        while let Err(e) = unmount(&root, UnmountFlags::empty()) {
            tries += 1;
            if e != Errno::BUSY || tries > 100 {
                return Err(format!("umount {}: {e}", root.display()).into());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

/// What failed leaves nothing mounted.
impl Drop for Mounted {
    fn drop(&mut self) {
        if !self.root.as_os_str().is_empty() {
            let _ = unmount(&self.root, UnmountFlags::DETACH);
        }
    }
}
