// SPDX-License-Identifier: GPL-2.0

//! Who competes, and how its images are mounted.

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};
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

/// Everyone, the one that others are compared with first.
pub(crate) const CONTENDERS: &[Contender] = &[
    Contender {
        name: "erofs",
        kind: "erofs",
        options: "",
        shares: false,
    },
    Contender {
        name: "cofs",
        kind: "cofs",
        options: "",
        shares: false,
    },
    Contender {
        name: "erofs inode_share",
        kind: "erofs",
        options: "inode_share,domain_id=bench",
        shares: true,
    },
    Contender {
        name: "cofs inode_share",
        kind: "cofs",
        options: "inode_share,domain_id=bench",
        shares: true,
    },
];

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
    pub(crate) fn unmount(self) -> Result<()> {
        let mut tries = 0;
        // The files of mappings are put some time after munmap(2).
        while let Err(e) = unmount(&self.root, UnmountFlags::empty()) {
            tries += 1;
            if e != Errno::BUSY || tries > 100 {
                return Err(format!("umount {}: {e}", self.root.display()).into());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}
