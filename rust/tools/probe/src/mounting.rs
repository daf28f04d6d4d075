// SPDX-License-Identifier: GPL-2.0
//! Mounting through the new mount API, so that the filesystem's own message comes back.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, CWD};
use rustix::io::Errno;
use rustix::mount::{
    fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, mount, move_mount,
    unmount, FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, UnmountFlags,
};

use crate::error::{name, Context, Result};
use crate::sys;

/// Why a mount failed: the errno, and what the filesystem wrote into the context's log.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) errno: Errno,
    pub(crate) log: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", name(self.errno), self.log)
    }
}

/// Mounts the block device `source` at `dir` with comma-separated `options`.
pub(crate) fn attach(
    kind: &str,
    options: &str,
    source: &str,
    dir: &Path,
) -> std::result::Result<(), Refusal> {
    let bare = |errno| Refusal {
        errno,
        log: String::new(),
    };
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).map_err(bare)?;
    let configured = configure(&context, options, source);
    configured.map_err(|errno| Refusal {
        errno,
        log: read_log(&context),
    })?;
    let attributes = if writable(options) {
        MountAttrFlags::empty()
    } else {
        MountAttrFlags::MOUNT_ATTR_RDONLY
    };
    let mounted = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes).map_err(bare)?;
    move_mount(
        &mounted,
        "",
        CWD,
        dir,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )
    .map_err(bare)
}

/// Mounts by mount(2), read-only: one call, which takes what it is given.
pub(crate) fn by_mount(kind: &str, options: &str, source: &str, dir: &Path) -> Result<()> {
    let options = std::ffi::CString::new(options).map_err(|error| error.to_string())?;
    mount(source, dir, kind, MountFlags::RDONLY, &*options).map_err(|e| name(e).to_string())
}

/// The same, with patience: the one who had the device may have given it up, but not yet to the last
/// reference, which a mapping's file drops some time after munmap(2).
pub(crate) fn attach_soon(
    kind: &str,
    options: &str,
    source: &str,
    dir: &Path,
) -> std::result::Result<(), Refusal> {
    for _ in 0..100 {
        match attach(kind, options, source, dir) {
            Err(refusal) if refusal.errno == Errno::BUSY => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            answer => return answer,
        }
    }
    attach(kind, options, source, dir)
}

/// Read-only is the default: only `rw` among the options asks for more.
fn writable(options: &str) -> bool {
    options.split(',').any(|o| o == "rw")
}

fn configure(context: &OwnedFd, options: &str, source: &str) -> rustix::io::Result<()> {
    fsconfig_set_string(context, "source", source)?;
    if !writable(options) {
        fsconfig_set_flag(context, "ro")?;
    }
    for option in options.split(',').filter(|o| !o.is_empty()) {
        match option.split_once('=') {
            Some((key, value)) => fsconfig_set_string(context, key, value)?,
            None => fsconfig_set_flag(context, option)?,
        }
    }
    fsconfig_create(context)
}

/// The context's log, one message a read.
fn read_log(context: &OwnedFd) -> String {
    let mut log = Vec::new();
    let mut buffer = [0u8; 1024];
    while let Ok(n) = rustix::io::read(context, &mut buffer) {
        if n == 0 {
            break;
        }
        log.push(String::from_utf8_lossy(&buffer[..n]).trim().to_string());
    }
    log.join("; ")
}

/// Changes the options of a mount, by mount(2) as mount(8) does it.
pub(crate) fn remount(options: &str, dir: &Path) -> Result<()> {
    let options = std::ffi::CString::new(options).map_err(|e| e.to_string())?;
    rustix::mount::mount_remount(dir, MountFlags::RDONLY, options.as_c_str())
        .what(|| format!("remount {}", dir.display()))
}

/// umount(2), once more for as long as another thread still lets go of the mount.
pub(crate) fn detach(dir: &Path) -> Result<()> {
    for _ in 0..200 {
        match unmount(dir, UnmountFlags::empty()) {
            Err(Errno::BUSY) => std::thread::sleep(std::time::Duration::from_millis(5)),
            other => return other.what(|| format!("umount {}", dir.display())),
        }
    }
    Err(format!("umount {}: EBUSY for a second", dir.display()))
}

/// A block device for `source`: itself, or a loop device over a regular file. The second part
/// keeps the loop device until the mount holds it. With `BACKED_BY_FILE` set, files are sources
/// as they are.
pub(crate) fn block_device(source: &Path) -> Result<(String, Option<OwnedFd>)> {
    // A name without a slash is no path: that is how overlayfs and its like are mounted.
    if !source.to_string_lossy().contains('/') {
        return Ok((source.display().to_string(), None));
    }
    let meta = std::fs::metadata(source).what(|| format!("stat {}", source.display()))?;
    if !meta.is_file() || std::env::var_os("BACKED_BY_FILE").is_some() {
        return Ok((source.display().to_string(), None));
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let image = rustix::fs::open(source, flags, Mode::empty())
        .what(|| format!("open {}", source.display()))?;
    let (handle, path) =
        sys::attach_loop(image.as_fd()).what(|| format!("loop device for {}", source.display()))?;
    Ok((path, Some(handle)))
}

/// A mount that ends with its owner.
pub(crate) struct Mounted {
    pub(crate) dir: PathBuf,
}

impl Mounted {
    /// Mounts `source` on a directory of its own below /run.
    pub(crate) fn new(kind: &str, options: &str, source: &Path) -> Result<Mounted> {
        match Mounted::attempt(kind, options, source)? {
            Ok(mounted) => Ok(mounted),
            Err(refusal) => Err(format!("mount {kind} {}: {refusal}", source.display())),
        }
    }

    /// As `new`, with a refusal by the filesystem kept apart from what went wrong around it.
    pub(crate) fn attempt(
        kind: &str,
        options: &str,
        source: &Path,
    ) -> Result<std::result::Result<Mounted, Refusal>> {
        Mounted::with_devices(kind, options, source, &[])
    }

    /// The same with extra devices, each a block device or file as the source is.
    pub(crate) fn with_devices(
        kind: &str,
        options: &str,
        source: &Path,
        devices: &[&str],
    ) -> Result<std::result::Result<Mounted, Refusal>> {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let dir = PathBuf::from(format!("/run/probe-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&dir).what(|| format!("mkdir {}", dir.display()))?;
        let (device, _loop) = block_device(source)?;
        // A file that is there twice gets one device.
        let mut extra: HashMap<&str, (String, Option<OwnedFd>)> = HashMap::new();
        let mut options = options.to_string();
        for path in devices {
            if !extra.contains_key(path) {
                extra.insert(path, block_device(Path::new(path))?);
            }
            options.push_str(&format!(",device={}", extra[path].0));
        }
        Ok(match attach(kind, &options, &device, &dir) {
            Ok(()) => Ok(Mounted { dir }),
            Err(refusal) => {
                let _ = std::fs::remove_dir(&dir);
                Err(refusal)
            }
        })
    }
}

impl Mounted {
    /// umount(2), which must succeed.
    pub(crate) fn end(self) -> Result<()> {
        detach(&self.dir)?;
        self.forget()
    }

    /// umount2(2) with MNT_DETACH: what is open or mapped lives on.
    pub(crate) fn end_lazily(self) -> Result<()> {
        unmount(&self.dir, UnmountFlags::DETACH)
            .what(|| format!("umount -l {}", self.dir.display()))?;
        self.forget()
    }

    fn forget(self) -> Result<()> {
        std::fs::remove_dir(&self.dir).what(|| format!("rmdir {}", self.dir.display()))?;
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(e) = detach(&self.dir) {
            eprintln!("probe: {e}");
        }
        let _ = std::fs::remove_dir(&self.dir);
    }
}
