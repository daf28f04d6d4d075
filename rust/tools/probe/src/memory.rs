// SPDX-License-Identifier: GPL-2.0
//! Which pages hold a file, and of what kind they are.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{fadvise, fstat, Advice, Mode, OFlags};
use rustix::pipe::{pipe, splice, SpliceFlags};

use crate::content::open;
use crate::error::{Context, Result};
use crate::sys::{self, cachestat, Map, PAGE};

/// preadv2(2) of the whole file, once, with the flags NAME stands for: bytes, or the errno.
pub(crate) fn read_with(flag: &str, path: &Path) -> Result<()> {
    // uapi/linux/fs.h; not all are in the libraries.
    let flags = match flag {
        "nowait" | "direct-nowait" => 0x8,
        "dontcache" => 0x80,
        _ => return Err(format!("no flag {flag}")),
    };
    let fd = open(path)?;
    if flag.starts_with("direct") {
        sys::fcntl_number(fd.as_fd(), libc::F_SETFL, libc::O_DIRECT)
            .what(|| "F_SETFL O_DIRECT".into())?;
    }
    let len = fstat(&fd).what(|| "fstat".into())?.st_size as usize;
    let len = len.next_multiple_of(PAGE);
    let mut bytes = vec![0u8; len + PAGE];
    let start = bytes.as_ptr().align_offset(PAGE);
    let mut parts = [std::io::IoSliceMut::new(&mut bytes[start..start + len])];
    let flags = rustix::io::ReadWriteFlags::from_bits_retain(flags);
    match rustix::io::preadv2(&fd, &mut parts, 0, flags) {
        Ok(read) => println!("bytes={read}"),
        Err(errno) => println!("{}", crate::error::name(errno)),
    }
    Ok(())
}

/// F_SETLEASE and F_GETLEASE, and FS_IOC_GETFSLABEL: what was got, or the errno.
pub(crate) fn lease_label(path: &Path) -> Result<()> {
    let fd = open(path)?;
    let number = |command, argument| sys::fcntl_number(fd.as_fd(), command, argument);
    let lease = number(libc::F_SETLEASE, libc::F_RDLCK).and_then(|_| number(libc::F_GETLEASE, 0));
    let lease = match lease {
        Ok(kind) if kind == i64::from(libc::F_RDLCK) => "read".into(),
        Ok(kind) => format!("{kind}"),
        Err(errno) => crate::error::name(errno),
    };
    let label = match sys::label(fd.as_fd()) {
        Ok(label) => String::from_utf8_lossy(&label).into_owned(),
        Err(errno) => crate::error::name(errno),
    };
    println!("lease={lease} label={label}");
    Ok(())
}

struct Mapped {
    map: Map,
    pages: usize,
}

fn map_whole(path: &Path) -> Result<Mapped> {
    let fd = open(path)?;
    let len = fstat(&fd).what(|| "fstat".into())?.st_size as usize;
    if len == 0 {
        return Err(format!("{} is empty", path.display()));
    }
    let map = Map::new(fd.as_fd(), 0, len).what(|| format!("mmap {}", path.display()))?;
    Ok(Mapped {
        map,
        pages: len.div_ceil(PAGE),
    })
}

/// The frame behind every page of a mapping; None where none is mapped.
fn frames(mapped: &Mapped) -> Result<Vec<Option<u64>>> {
    frames_of(&mapped.map)
}

/// As `frames`, for any mapping.
pub(crate) fn frames_of(map: &Map) -> Result<Vec<Option<u64>>> {
    const PRESENT: u64 = 1 << 63;
    const FRAME: u64 = (1 << 55) - 1;
    map.populate();
    let file = File::open("/proc/self/pagemap").what(|| "pagemap".into())?;
    let mut bytes = vec![0; map.bytes().len().div_ceil(PAGE) * 8];
    let at = (map.address() / PAGE * 8) as u64;
    file.read_exact_at(&mut bytes, at)
        .what(|| "pagemap".into())?;
    let entries = bytes
        .chunks_exact(8)
        .map(|c| c.iter().rev().fold(0u64, |a, b| (a << 8) | u64::from(*b)));
    Ok(entries
        .map(|e| (e & PRESENT != 0 && e & FRAME != 0).then_some(e & FRAME))
        .collect())
}

/// khugepaged may take pages out of a page table, or move them, while it is looked at.
const ATTEMPTS: usize = 5;

/// How many folios a mapped file has, and how many of its pages lie in those of more than one.
pub(crate) fn folios(path: &Path) -> Result<()> {
    const HEAD: u64 = 1 << 15;
    const TAIL: u64 = 1 << 16;
    let mapped = map_whole(path)?;
    let flags = File::open("/proc/kpageflags").what(|| "kpageflags".into())?;
    let mut seen = vec![false; mapped.pages];
    let mut large = vec![false; mapped.pages];
    let mut first = vec![false; mapped.pages];
    for _ in 0..ATTEMPTS {
        for (page, frame) in frames(&mapped)?.into_iter().enumerate() {
            let (Some(frame), false) = (frame, seen[page]) else {
                continue;
            };
            let mut word = [0; 8];
            flags
                .read_exact_at(&mut word, frame * 8)
                .what(|| "kpageflags".into())?;
            seen[page] = true;
            let flags = u64::from_le_bytes(word);
            large[page] = flags & (HEAD | TAIL) != 0;
            first[page] = flags & TAIL == 0;
        }
    }
    let count = |marks: &[bool]| marks.iter().filter(|m| **m).count();
    println!(
        "pages={} mapped={} folios={} large={}",
        mapped.pages,
        count(&seen),
        count(&first),
        count(&large)
    );
    Ok(())
}

/// How many pages of two mapped files are the same memory: at one moment at least, in which
/// the first mapping did not change.
pub(crate) fn same_pages(one: &Path, other: &Path) -> Result<()> {
    let (one, other) = (map_whole(one)?, map_whole(other)?);
    let mut same = vec![false; one.pages.min(other.pages)];
    for _ in 0..ATTEMPTS {
        let before = frames(&one)?;
        let others = frames(&other)?;
        let after = frames(&one)?;
        for (page, mark) in same.iter_mut().enumerate() {
            let frame = before[page];
            *mark |= frame.is_some() && frame == others[page] && frame == after[page];
        }
    }
    println!(
        "pages={} same={}",
        one.pages,
        same.iter().filter(|m| **m).count()
    );
    Ok(())
}

/// cachestat(2) and mincore(2) of a file that is only opened, not read.
pub(crate) fn cached(path: &Path) -> Result<()> {
    let fd = open(path)?;
    let stat = cachestat(fd.as_fd()).what(|| "cachestat".into())?;
    let mapped = map_whole(path)?;
    let resident = mapped.map.resident().what(|| "mincore".into())?;
    println!(
        "pages={} cached={} resident={resident} dirty={} evicted={}",
        mapped.pages, stat.cached, stat.dirty, stat.evicted
    );
    Ok(())
}

/// How many pages of a file are in the page cache once some of a mapping were touched, which may only
/// be read, or may be run too.
pub(crate) fn touch(way: &str, path: &Path, pages: &[&str]) -> Result<()> {
    let fd = open(path)?;
    let mapped = map_whole(path)?;
    match way {
        "read" => {}
        "run" => mapped.map.let_run().what(|| "mprotect".into())?,
        _ => return Err("read or run".into()),
    }
    for page in pages {
        let at = page
            .parse::<usize>()
            .ok()
            .and_then(|page| page.checked_mul(PAGE));
        let byte = at.and_then(|at| mapped.map.bytes().get(at));
        std::hint::black_box(*byte.ok_or_else(|| format!("no page {page}"))?);
    }
    let stat = cachestat(fd.as_fd()).what(|| "cachestat".into())?;
    println!("{}", stat.cached);
    Ok(())
}

pub(crate) fn evict(path: &Path) -> Result<()> {
    fadvise(open(path)?, 0, None, Advice::DontNeed).what(|| "fadvise".into())
}

/// Asks for all of it, and leaves.
pub(crate) fn ahead(path: &Path) -> Result<()> {
    let fd = open(path)?;
    let size = fstat(&fd).what(|| "fstat".into())?.st_size as u64;
    // The kernel takes no more at once than the device likes.
    for at in (0..size).step_by(128 << 10) {
        let count = std::num::NonZeroU64::new(128 << 10);
        fadvise(&fd, at, count, Advice::WillNeed).what(|| "fadvise".into())?;
    }
    Ok(())
}

/// A file, or every regular file of a tree.
fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let nodes = crate::walk::walk(path)?;
    let regular = nodes
        .iter()
        .filter(|n| n.kind == rustix::fs::FileType::RegularFile);
    Ok(regular.map(|n| path.join(&n.path)).collect())
}

/// What a mapping shows between the end of a file and that of its last page: it must be zero.
pub(crate) fn behind(path: &Path) -> Result<()> {
    let (mut files, mut looked) = (0, 0);
    for file in files_of(path)? {
        let fd = open(&file)?;
        let len = fstat(&fd).what(|| "fstat".into())?.st_size as usize;
        let end = len.next_multiple_of(PAGE);
        if len == end {
            continue;
        }
        let map = Map::new(fd.as_fd(), 0, end).what(|| format!("mmap {}", file.display()))?;
        let behind = &map.bytes()[len..];
        let other = behind.iter().filter(|byte| **byte != 0).count();
        if other != 0 {
            return Err(format!("{}: {other} bytes not zero", file.display()));
        }
        files += 1;
        looked += behind.len();
    }
    println!("files={files} bytes={looked}");
    Ok(())
}

/// Reads a file, or every file of a tree, to its end in one way and throws the bytes away.
pub(crate) fn consume(way: &str, path: &Path) -> Result<()> {
    let mut total = 0;
    for file in files_of(path)? {
        total += consume_one(way, &file).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    println!("bytes={total}");
    Ok(())
}

fn consume_one(way: &str, path: &Path) -> Result<u64> {
    let fd = open(path)?;
    let size = fstat(&fd).what(|| "fstat".into())?.st_size as u64;
    let mut total = 0;
    match way {
        "read" => {
            let mut buffer = vec![0; 64 << 10];
            loop {
                match rustix::io::read(&fd, &mut buffer[..]).what(|| "read".into())? {
                    0 => break,
                    n => total += n as u64,
                }
            }
        }
        "mmap" if size > 0 => {
            map_whole(path)?.map.populate();
            total = size;
        }
        "mmap" => {}
        "sendfile" | "splice" => total = through_pipe(&fd, way == "sendfile")?,
        "copy" => total = copy(&fd, path)?,
        _ => return Err(format!("unknown way {way}")),
    }
    if total == size {
        Ok(total)
    } else {
        Err(format!("{way} gave {total} of {size} bytes"))
    }
}

/// As cp(1) does it: by copy_file_range(2), and where that is refused by read and write. The copy
/// is a nameless file beside the original, or in memory where nothing can be written.
fn copy(fd: &OwnedFd, path: &Path) -> Result<u64> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    let beside = rustix::fs::open(dir, flags, Mode::RUSR | Mode::WUSR);
    let out = beside
        .or_else(|_| sys::memory_file())
        .what(|| "a file for the copy".into())?;
    let mut total = 0;
    let mut buffer = vec![0; 64 << 10];
    let mut refused = false;
    loop {
        let moved = if refused {
            let n = rustix::io::read(fd, &mut buffer[..]).what(|| "read".into())?;
            rustix::io::write(&out, &buffer[..n]).what(|| "write".into())?
        } else {
            match rustix::fs::copy_file_range(fd, None, &out, None, 1 << 20) {
                Err(errno) if total == 0 => {
                    println!("copy_file_range={}", crate::error::name(errno));
                    refused = true;
                    continue;
                }
                other => other.what(|| "copy_file_range".into())?,
            }
        };
        if moved == 0 {
            return Ok(total);
        }
        total += moved as u64;
    }
}

fn through_pipe(fd: &OwnedFd, sendfile: bool) -> Result<u64> {
    let (out, into) = pipe().what(|| "pipe".into())?;
    let null = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/null")
        .what(|| "null".into())?;
    let mut offset = 0;
    loop {
        let moved = if sendfile {
            rustix::fs::sendfile(&into, fd, Some(&mut offset), 64 << 10)
        } else {
            splice(
                fd,
                Some(&mut offset),
                &into,
                None,
                64 << 10,
                SpliceFlags::empty(),
            )
        };
        let moved = moved.what(|| "into the pipe".into())?;
        if moved == 0 {
            return Ok(offset);
        }
        let mut left = moved;
        while left > 0 {
            let n = splice(&out, None, &null, None, left, SpliceFlags::empty());
            left -= n.what(|| "out of the pipe".into())?;
        }
    }
}
