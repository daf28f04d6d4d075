// SPDX-License-Identifier: GPL-2.0
//! A place where an image is mounted now and then.
//!
//! It is unmounted by moving the mount to where nobody looks: who has a file open goes on, new ones find
//! nothing, and the umount succeeds as soon as the last of them has closed. So readers need no lock, and
//! umount never races with them by accident, but always.

use std::ffi::CString;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::fs::{fstat, open, openat, stat, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{mount, mount_move, mount_remount, unmount, MountFlags, UnmountFlags};

use crate::counts::{now, Count, Counts};
use crate::trouble::{Context, Result, Step, Trouble};

/// A umount that waits for longer than this hangs.
const HANGS: Duration = Duration::from_secs(300);

pub(crate) struct Slot {
    source: PathBuf,
    is_device: bool,
    pub(crate) dir: PathBuf,
    closing: PathBuf,
    mounted: Mutex<bool>,
}

/// What to mount as.
pub(crate) struct Kind {
    pub(crate) name: String,
    /// Whether it knows how to share.
    pub(crate) shares: bool,
}

impl Slot {
    pub(crate) fn new(number: usize, source: &Path, below: &Path) -> Result<Slot> {
        let is_file = fs::metadata(source)
            .text(|| format!("stat {}", source.display()))?
            .is_file();
        let slot = Slot {
            source: source.into(),
            is_device: !is_file,
            dir: below.join(number.to_string()),
            closing: below.join(format!("{number}.closing")),
            mounted: Mutex::new(false),
        };
        for dir in [&slot.dir, &slot.closing] {
            fs::create_dir_all(dir).text(|| format!("mkdir {}", dir.display()))?;
        }
        Ok(slot)
    }

    /// Mounts what is not, and does something to what is.
    pub(crate) fn disturb(&self, kind: &Kind, counts: &Counts, rng: &mut Rng) -> Step {
        let Ok(mut mounted) = self.mounted.lock() else {
            return Ok(0);
        };
        if !*mounted {
            *mounted = self.mount(kind, counts, rng)?;
            return Ok(0);
        }
        match rng.u32(..10) {
            0..3 => {
                self.remount(kind, counts, rng)?;
            }
            3 => {
                unmount(&self.dir, UnmountFlags::DETACH)
                    .what(|| format!("umount -l {}", self.name()))?;
                counts.add(Count::Detached, 1);
                *mounted = false;
            }
            _ => {
                self.unmount(counts, rng)?;
                *mounted = false;
            }
        }
        Ok(0)
    }

    /// Mounts it if it is not, for the last look at everything.
    pub(crate) fn ensure(&self, kind: &Kind, counts: &Counts, rng: &mut Rng) -> Step {
        let Ok(mut mounted) = self.mounted.lock() else {
            return Ok(0);
        };
        for _ in 0..500 {
            if !*mounted {
                *mounted = self.mount(kind, counts, rng)?;
            }
            if *mounted {
                return Ok(0);
            }
            sleep(Duration::from_millis(20));
        }
        Err(Trouble::Failed(
            format!("mount {}: busy for 10 s", self.name()),
            Errno::BUSY,
        ))
    }

    /// Leaves it unmounted.
    pub(crate) fn end(&self, counts: &Counts, rng: &mut Rng) -> Step {
        let Ok(mut mounted) = self.mounted.lock() else {
            return Ok(0);
        };
        if *mounted {
            self.unmount(counts, rng)?;
            *mounted = false;
        }
        Ok(0)
    }

    fn name(&self) -> String {
        self.source.display().to_string()
    }

    fn options(&self, kind: &Kind, rng: &mut Rng) -> String {
        let mut options = Vec::new();
        match rng.u32(..10) {
            _ if !kind.shares => {}
            0..6 => options.push("inode_share,domain_id=stress"),
            6..8 => options.push("inode_share,domain_id=apart"),
            _ => {}
        }
        if !self.is_device && rng.u32(..3) == 0 {
            options.push("directio");
        }
        let strategy = ["disabled", "readahead", "readaround"][rng.usize(..3)];
        let strategy = format!("cache_strategy={strategy}");
        options.push(&strategy);
        options.join(",")
    }

    /// Whether it is mounted now: a device that is still in use may be had a little later.
    fn mount(
        &self,
        kind: &Kind,
        counts: &Counts,
        rng: &mut Rng,
    ) -> std::result::Result<bool, Trouble> {
        let options = CString::new(self.options(kind, rng)).unwrap_or_default();
        match mount(
            &self.source,
            &self.dir,
            &kind.name,
            MountFlags::RDONLY,
            options.as_c_str(),
        ) {
            Ok(()) => {
                counts.add(Count::Mounts, 1);
                Ok(true)
            }
            Err(Errno::BUSY) => {
                counts.add(Count::Refused, 1);
                Ok(false)
            }
            Err(errno) => {
                counts.add(Count::Refused, 1);
                Err(errno).what(|| format!("mount {} {options:?}", self.name()))
            }
        }
    }

    fn unmount(&self, counts: &Counts, rng: &mut Rng) -> Step {
        let what = || format!("umount {}", self.name());
        mount_move(&self.dir, &self.closing).what(what)?;
        let flags = match rng.u32(..8) {
            0 => UnmountFlags::FORCE,
            _ => UnmountFlags::empty(),
        };
        let start = Instant::now();
        loop {
            let tried = now();
            match unmount(&self.closing, flags) {
                Ok(()) => {
                    counts.add(Count::Umounts, 1);
                    return Ok(0);
                }
                // It has been moved already: what a fault prevents is done behind it.
                Err(errno) if errno == Errno::BUSY || counts.excused_since(tried) => {
                    if start.elapsed() > HANGS {
                        counts.add(Count::Hung, 1);
                        return Err(errno).what(what);
                    }
                    sleep(Duration::from_millis(rng.u64(1..10)));
                }
                Err(errno) => return Err(errno).what(what),
            }
        }
    }

    /// Some that are accepted, and one that must not be.
    fn remount(&self, kind: &Kind, counts: &Counts, rng: &mut Rng) -> Step {
        let options = [
            c"user_xattr",
            c"nouser_xattr",
            c"acl",
            c"noacl,user_xattr",
            c"domain_id=another,inode_share",
        ];
        let number = rng.usize(..if kind.shares { 5 } else { 4 });
        let start = now();
        let answer = mount_remount(&self.dir, MountFlags::RDONLY, options[number]);
        counts.add(Count::Remounts, 1);
        match answer {
            Err(Errno::INVAL) if number == 4 => Ok(0),
            Ok(()) if number == 4 && !counts.excused_since(start) => Err(Trouble::Wrong(format!(
                "{}: a remount has changed the domain",
                self.name()
            ))),
            answer => {
                answer.what(|| format!("remount {} {:?}", self.name(), options[number]))?;
                Ok(0)
            }
        }
    }
}

/// The root of what is mounted at `dir`, if anything is.
pub(crate) fn root(dir: &Path) -> std::result::Result<OwnedFd, Trouble> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = open(dir, flags, Mode::empty()).what(|| format!("open {}", dir.display()))?;
    let above = stat(dir.parent().unwrap_or(dir)).what(|| "stat".into())?;
    let here = fstat(&root).what(|| "fstat".into())?;
    if here.st_dev == above.st_dev {
        return Err(Trouble::Gone);
    }
    Ok(root)
}

/// A file below such a root.
pub(crate) fn file(
    root: &OwnedFd,
    path: &str,
    more: OFlags,
) -> std::result::Result<fs::File, Trouble> {
    let fd = openat(
        root,
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | more,
        Mode::empty(),
    );
    fd.map(fs::File::from).what(|| format!("open {path}"))
}
