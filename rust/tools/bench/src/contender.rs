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

use crate::device::Device;
use crate::Result;

/// What is mounted on what.
#[derive(Clone, Copy)]
enum Stack {
    /// The image itself, as this type.
    Image(&'static str),
    /// overlayfs over an ext4 that holds the tree: how containers have their roots by default.
    OverExt4,
    /// overlayfs over an image of names, and an ext4 with the contents of all images.
    Composefs,
}

/// A filesystem with options.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    /// As it stands in the report.
    pub(crate) name: &'static str,
    stack: Stack,
    options: &'static str,
    /// What its images' names end in.
    suffix: &'static str,
    /// Whether two images have pages in common.
    pub(crate) shares: bool,
}

const fn contender(name: &'static str, kind: &'static str) -> Contender {
    Contender {
        name,
        stack: Stack::Image(kind),
        options: "",
        suffix: "",
        shares: false,
    }
}

const fn sharing(name: &'static str, kind: &'static str) -> Contender {
    Contender {
        options: "inode_share,domain_id=bench",
        shares: true,
        ..contender(name, kind)
    }
}

const EROFS: Contender = contender("erofs", "erofs");
const COFS: Contender = contender("cofs", "cofs");
const EROFS_SHARING: Contender = sharing("erofs inode_share", "erofs");
const COFS_SHARING: Contender = sharing("cofs inode_share", "cofs");

const SQUASHFS_LZ4: Contender = Contender {
    suffix: ".sqlz4",
    ..contender("squashfs lz4", "squashfs")
};

const SQUASHFS_ZSTD: Contender = Contender {
    suffix: ".sqzstd",
    ..contender("squashfs zstd", "squashfs")
};

const EXT4: Contender = Contender {
    stack: Stack::OverExt4,
    suffix: ".ext4",
    ..contender("ext4 overlay", "")
};

const COMPOSEFS: Contender = Contender {
    stack: Stack::Composefs,
    suffix: ".cfs",
    shares: true,
    ..contender("composefs", "")
};

/// Those whose images have nothing in common; the one that others are compared with first.
pub(crate) const PRIVATE: &[Contender] = &[EROFS, COFS];

/// Those whose images share.
pub(crate) const SHARING: &[Contender] = &[EROFS_SHARING, COFS_SHARING];

/// Those who read the same images.
pub(crate) const OWN: &[Contender] = &[EROFS, COFS, EROFS_SHARING, COFS_SHARING];

/// Everyone.
pub(crate) const ALL: &[Contender] = &[
    EROFS,
    COFS,
    EROFS_SHARING,
    COFS_SHARING,
    EXT4,
    COMPOSEFS,
    SQUASHFS_LZ4,
    SQUASHFS_ZSTD,
];

/// Everyone who can have files as they are.
pub(crate) const PLAIN: &[Contender] = &[EROFS, COFS, EROFS_SHARING, COFS_SHARING, EXT4, COMPOSEFS];

/// Everyone who compresses.
pub(crate) const COMPRESSED: &[Contender] = &[
    EROFS,
    COFS,
    EROFS_SHARING,
    COFS_SHARING,
    SQUASHFS_LZ4,
    SQUASHFS_ZSTD,
];

/// Everyone who compresses by LZ4.
pub(crate) const LZ4: &[Contender] = &[EROFS, COFS, EROFS_SHARING, COFS_SHARING, SQUASHFS_LZ4];

/// Those of one image without others.
pub(crate) const PLAIN_PRIVATE: &[Contender] = &[EROFS, COFS, EXT4, COMPOSEFS];
pub(crate) const LZ4_PRIVATE: &[Contender] = &[EROFS, COFS, SQUASHFS_LZ4];
pub(crate) const ZSTD_PRIVATE: &[Contender] = &[EROFS, COFS, SQUASHFS_ZSTD];

impl Contender {
    /// By its name in the report.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|contender| contender.name == name)
    }

    /// The drive of its image with the contents of `image`.
    pub(crate) fn drive(&self, image: &str) -> String {
        format!("{image}{}", self.suffix)
    }

    /// The drive of the contents, where those are apart: one for images that end in -a and -b.
    pub(crate) fn store(&self, image: &str) -> Option<String> {
        let Stack::Composefs = self.stack else {
            return None;
        };
        let both = image.strip_suffix("-a").or(image.strip_suffix("-b"));
        Some(format!("{}.store", both.unwrap_or(image)))
    }

    /// Unloads the module, of which nothing must be mounted, and loads it again.
    pub(crate) fn reload(&self) -> Result<()> {
        let Stack::Image(kind) = self.stack else {
            return Err(format!("{} is more than a module", self.name).into());
        };
        let mut tries = 0;
        while !succeeds("rmmod", kind)? {
            tries += 1;
            if tries > 100 {
                return Err(format!("{kind} cannot be unloaded").into());
            }
            sleep(Duration::from_millis(10));
        }
        let loaded = match kind {
            "cofs" => succeeds("insmod", "./cofs.ko")?,
            _ => succeeds("modprobe", kind)?,
        };
        match loaded {
            true => Ok(()),
            false => Err(format!("{kind} cannot be loaded").into()),
        }
    }
}

fn succeeds(command: &str, argument: &str) -> Result<bool> {
    Ok(Command::new(command).arg(argument).status()?.success())
}

/// A mounted image.
pub(crate) struct Mounted {
    root: PathBuf,
    /// The options of an overlayfs that has this image's tree below it.
    lower: String,
    /// What is mounted, the last first.
    points: Vec<PathBuf>,
}

impl Mounted {
    /// Mounts the image of `device`.
    pub(crate) fn new(contender: &Contender, device: &Device) -> Result<Self> {
        let name = Path::new(&device.path).file_name().unwrap_or_default();
        let root = Path::new("/run/bench").join(name);
        let mut mounted = Self {
            lower: format!("lowerdir={}", root.display()),
            root,
            points: Vec::new(),
        };
        match contender.stack {
            Stack::Image(kind) => mounted.add("", &device.path, kind, contender.options)?,
            Stack::OverExt4 => {
                mounted.add(".lower", &device.path, "ext4", "")?;
                let lower = mounted.beside(".lower").display().to_string();
                // Without an upper layer there must be two.
                let none = mounted.beside(".none");
                fs::create_dir_all(&none)?;
                let options = format!("lowerdir={}:{lower}", none.display());
                mounted.add("", "overlay", "overlay", &options)?;
                mounted.lower = format!("lowerdir={lower}");
            }
            Stack::Composefs => {
                let store = device.store.as_ref().ok_or("no store of contents")?;
                mounted.add(".lower", &device.path, "erofs", "")?;
                mounted.add(".store", store, "ext4", "")?;
                mounted.lower = format!(
                    "metacopy=on,redirect_dir=on,lowerdir={}::{}",
                    mounted.beside(".lower").display(),
                    mounted.beside(".store").display(),
                );
                let options = mounted.lower.clone();
                mounted.add("", "overlay", "overlay", &options)?;
            }
        }
        Ok(mounted)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.root.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    fn add(&mut self, suffix: &str, source: &str, kind: &str, options: &str) -> Result<()> {
        let point = self.beside(suffix);
        fs::create_dir_all(&point)?;
        let options = CString::new(options)?;
        mount(source, &point, kind, MountFlags::RDONLY, &*options)
            .map_err(|e| format!("mount {source} as {kind}: {e}"))?;
        self.points.insert(0, point);
        Ok(())
    }

    /// A path on the image.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Leaves it mounted for others, and says where it is and of which options an overlayfs
    /// with an upper layer has it below.
    pub(crate) fn leave(mut self) -> (PathBuf, String) {
        self.points.clear();
        (
            std::mem::take(&mut self.root),
            std::mem::take(&mut self.lower),
        )
    }

    /// Unmounts, and says whether that worked.
    pub(crate) fn unmount(mut self) -> Result<()> {
        for point in std::mem::take(&mut self.points) {
            let mut tries = 0;
            // The files of mappings are put some time after munmap(2).
            while let Err(e) = unmount(&point, UnmountFlags::empty()) {
                tries += 1;
                if e != Errno::BUSY || tries > 100 {
                    return Err(format!("umount {}: {e}", point.display()).into());
                }
                sleep(Duration::from_millis(10));
            }
        }
        Ok(())
    }
}

/// What failed leaves nothing mounted.
impl Drop for Mounted {
    fn drop(&mut self) {
        for point in &self.points {
            let _ = unmount(point, UnmountFlags::DETACH);
        }
    }
}
