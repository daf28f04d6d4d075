// SPDX-License-Identifier: GPL-2.0
//! A small image that has a file near the largest size there is: every way of asking about it
//! ends, and says nothing that is not in the image.

use std::fmt::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{fadvise, seek, Advice, SeekFrom};
use rustix::io::{self, Errno};

use crate::content;
use crate::error::{name, outcome, Context, Result};
use crate::image::Image;
use crate::mounting::Mounted;
use crate::sys::process::fork;
use crate::sys::{self, Map, PAGE};

/// The file that is made vast, in the tree `damage`.
const FILE: &str = "chunks";
/// Where an extended inode has the length of its attributes, and its size.
const I_XATTR_ICOUNT: usize = 2;
const I_SIZE: usize = 8;

const SIZES: [(&str, u64); 5] = [
    ("2^63-1", i64::MAX as u64),
    ("2^63-4096", i64::MAX as u64 - 4095),
    ("2^62+1", (1 << 62) + 1),
    ("2^44", 1 << 44),
    ("2^63", 1 << 63),
];

/// A copy of `image` in which the file has `size` bytes, and the place of its inode.
fn enlarge(image: &[u8], size: u64) -> Result<(Vec<u8>, usize)> {
    let at = Image::mount(image)
        .and_then(|image| image.position(Path::new(FILE)))
        .what(|| format!("find {FILE}"))? as usize;
    if image[at] & 1 == 0 {
        return Err(format!("{FILE} has a compact inode"));
    }
    let mut bytes = image.to_vec();
    bytes[at + I_SIZE..][..8].copy_from_slice(&size.to_le_bytes());
    Ok((bytes, at))
}

/// Prints "pass SIZE" or "fail SIZE", and what was seen, for each of the sizes.
pub(crate) fn run(kind: &str, image: &Path, limit: Duration) -> Result<bool> {
    let whole = std::fs::read(image).what(|| format!("read {}", image.display()))?;
    let copy = Path::new("/run/vast.img");
    let mut good = true;
    for (text, size) in SIZES {
        let (bytes, _) = enlarge(&whole, size)?;
        std::fs::write(copy, &bytes).what(|| format!("write {}", copy.display()))?;
        let mounted = Mounted::new(kind, "", copy)?;
        let path = mounted.dir.join(FILE);
        let start = Instant::now();
        let mut seen = String::new();
        let verdict = match content::open(&path) {
            Err(e) => {
                seen.push_str(&e);
                match Image::mount(&bytes).and_then(|image| image.open(Path::new(FILE))) {
                    Err(want) if e.ends_with(&name(want)) => Ok(()),
                    other => Err(format!("{e}, reader {}", outcome(other))),
                }
            }
            Ok(file) => look(&file, &bytes, size, &mut seen),
        };
        let took = start.elapsed();
        println!("# {text}: {seen}, {} ms", took.as_millis());
        let verdict = verdict.and_then(|()| match took < limit {
            true => Ok(()),
            false => Err("it took too long".into()),
        });
        println!("{} {text}", if verdict.is_ok() { "pass" } else { "fail" });
        if let Err(fault) = verdict {
            println!("# {text}: {fault}");
            good = false;
        }
    }
    Ok(good)
}

/// How many sizes `run` goes through.
pub(crate) fn count() -> usize {
    SIZES.len()
}

fn look(file: &OwnedFd, bytes: &[u8], size: u64, seen: &mut String) -> Result<()> {
    let image = Image::mount(bytes).what(|| "the reader".into())?;
    let stat = rustix::fs::fstat(file).what(|| "fstat".into())?;
    if stat.st_size as u64 != size {
        return Err(format!("{} bytes, not {size}", stat.st_size));
    }
    for at in [0, 4096, 70_000, (size / 2) & !4095, size - 4096, size - 10] {
        let mut got = vec![0; 4096.min(size - at) as usize];
        let mut want = got.clone();
        let ours = content::pread_full(file, &mut got, at).map(drop);
        let theirs = image.read(Path::new(FILE), at, &mut want);
        let _ = write!(seen, " read={}", outcome(ours));
        match (ours, theirs) {
            (Err(_), _) => {}
            (Ok(()), Ok(())) if got == want => {}
            (Ok(()), _) => return Err(format!("other bytes at {at} than the reader's")),
        }
    }
    for at in [0, 1, 20_000, size / 2, size - 1] {
        seeks(file, at, size, seen)?;
    }
    extents(file, bytes.len() as u64, size, seen)?;
    let _ = write!(seen, " count={}", answer(sys::fiemap_count(file.as_fd())));
    for advice in [Advice::WillNeed, Advice::DontNeed] {
        fadvise(file, 0, None, advice).what(|| "fadvise".into())?;
    }
    let far = (size - 1) & !(PAGE as u64 - 1);
    let populated = Map::new(file.as_fd(), far, PAGE).and_then(|map| map.try_populate());
    let _ = write!(seen, " populate={}", outcome(populated));
    Ok(())
}

fn answer<T: std::fmt::Display>(result: io::Result<T>) -> String {
    result.map_or_else(name, |value| value.to_string())
}

/// What SEEK_DATA and SEEK_HOLE find lies at the place or behind it, and in the file.
fn seeks(file: &OwnedFd, at: u64, size: u64, seen: &mut String) -> Result<()> {
    for (way, from) in [("data", SeekFrom::Data(at)), ("hole", SeekFrom::Hole(at))] {
        let found = seek(file, from);
        let _ = write!(seen, " {way}={}", answer(found));
        match found {
            Ok(found) if found < at || found > size => {
                return Err(format!("{way} of {at} is at {found}"))
            }
            Ok(_) | Err(Errno::NXIO | Errno::IO | Errno::UCLEAN | Errno::NODEV) => {}
            Err(e) => return Err(format!("{way} of {at}: {}", name(e))),
        }
    }
    Ok(())
}

/// The first extents are in order, do not overlap in the file, and lie inside the device.
fn extents(file: &OwnedFd, device: u64, size: u64, seen: &mut String) -> Result<()> {
    let found = match sys::fiemap(file.as_fd()) {
        Ok(found) => found,
        Err(Errno::IO | Errno::UCLEAN | Errno::NODEV) => return Ok(()),
        Err(e) => return Err(format!("FIEMAP: {}", name(e))),
    };
    let _ = write!(seen, " extents={}", found.len());
    let mut end = 0;
    for (logical, physical, length, _) in found {
        if logical < end || length == 0 || logical >= size {
            return Err(format!(
                "an extent of {length} bytes at {logical} behind {end}"
            ));
        }
        end = logical.saturating_add(length);
        if physical.checked_add(length).is_none_or(|end| end > device) {
            return Err(format!(
                "an extent at {physical}, {length} bytes, is outside"
            ));
        }
    }
    Ok(())
}

/// A file with more extents than anyone can wait for: whoever asks for all of them can be killed.
/// Its table lies behind the image's last byte, in a hole of `len` bytes: block 0 again and again.
pub(crate) fn kill(kind: &str, image: &Path, len: u64) -> Result<()> {
    let whole = std::fs::read(image).what(|| format!("read {}", image.display()))?;
    let copy = Path::new("/run/endless.img");
    let (mut bytes, at) = enlarge(&whole, i64::MAX as u64)?;
    bytes[at + I_XATTR_ICOUNT..][..2].fill(0xff);
    std::fs::write(copy, &bytes)
        .and_then(|()| std::fs::File::options().write(true).open(copy))
        .and_then(|file| file.set_len(len))
        .what(|| format!("make {}", copy.display()))?;
    let mounted = Mounted::new(kind, "", copy)?;
    let path = mounted.dir.join(FILE);
    type Call = fn(&OwnedFd) -> bool;
    let calls: [(&str, Call); 2] = [
        ("FIEMAP", |file| sys::fiemap_count(file.as_fd()).is_ok()),
        ("SEEK_HOLE", |file| seek(file, SeekFrom::Hole(0)).is_ok()),
    ];
    for (what, endless) in calls {
        let file = content::open(&path)?;
        let child = fork(|| endless(&file)).what(|| "fork".into())?;
        std::thread::sleep(Duration::from_secs(1));
        let start = Instant::now();
        if !child.kill().what(|| "kill".into())? {
            return Err(format!("{what} ended by itself: nothing was tested"));
        }
        let took = start.elapsed();
        println!("{what}: killed after {} ms", took.as_millis());
        if took > Duration::from_secs(10) {
            return Err(format!("{what} could not be killed"));
        }
    }
    mounted.end()
}
