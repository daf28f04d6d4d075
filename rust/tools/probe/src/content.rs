// SPDX-License-Identifier: GPL-2.0
//! The bytes of a file by every way the kernel has of handing them out.

mod pieces;
mod threads;

pub(crate) use threads::by_threads;

use std::io::IoSliceMut;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{fadvise, openat, Advice, Mode, OFlags, SeekFrom, CWD};
use rustix::io::{preadv, Errno};
use rustix::pipe::{pipe, splice, SpliceFlags};

use crate::error::{name, Context, Result};
use crate::pattern::Random;
use crate::sys::{Map, PAGE};

/// A file up to this size is compared whole, a larger one in samples.
const WHOLE: u64 = 32 << 20;
const WINDOW: u64 = 1 << 20;

pub(crate) fn open(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).what(|| format!("open {}", path.display()))
}

/// A range of a file and the bytes that belong there.
pub(crate) struct Window {
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Reads the reference: all of a file, or of a large one its ends, what follows its first data
/// segments, and seeded samples.
pub(crate) fn golden(fd: &OwnedFd, size: u64) -> Result<Vec<Window>> {
    let mut starts: Vec<u64> = Vec::new();
    if size <= WHOLE {
        starts.extend((0..size).step_by(WINDOW as usize));
    } else {
        let mut random = Random::new(size);
        starts.extend([0, (size - WINDOW) & !4095]);
        starts.extend((0..8).map(|_| random.below(size - WINDOW) & !4095));
        let mut at = 0;
        for _ in 0..8 {
            match rustix::fs::seek(fd, SeekFrom::Data(at)) {
                Ok(data) => starts.push(data & !4095),
                Err(_) => break,
            }
            match rustix::fs::seek(fd, SeekFrom::Hole(starts[starts.len() - 1])) {
                Ok(hole) => at = hole,
                Err(_) => break,
            }
        }
    }
    let window = |offset: u64| {
        let mut bytes = vec![0; WINDOW.min(size - offset) as usize];
        let n = pread_full(fd, &mut bytes, offset).what(|| format!("pread at {offset}"))?;
        bytes.truncate(n);
        Ok(Window { offset, bytes })
    };
    starts.into_iter().map(window).collect()
}

pub(crate) fn pread_full(
    fd: &OwnedFd,
    buffer: &mut [u8],
    offset: u64,
) -> rustix::io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match rustix::io::pread(fd, &mut buffer[done..], offset + done as u64)? {
            0 => break,
            n => done += n,
        }
    }
    Ok(done)
}

/// Compares the file at `path` with `golden`, its pages evicted before, in one way.
pub(crate) fn compare(path: &Path, size: u64, golden: &[Window], name: &str) -> Result<()> {
    let fd = open(path)?;
    let _ = fadvise(&fd, 0, None, Advice::DontNeed);
    let mut windows = golden.iter();
    let result = windows.try_for_each(|window| way(name, &fd, size, window));
    result.map_err(|e| format!("{}: {e}", path.display()))?;
    match rustix::io::pread(&fd, &mut [0u8; 16], size) {
        Ok(0) => Ok(()),
        Ok(n) => Err(format!("{}: {n} bytes behind the end", path.display())),
        Err(e) => Err(format!(
            "{}: at the end: {}",
            path.display(),
            crate::error::name(e)
        )),
    }
}

/// One window in one way.
fn way(name: &str, fd: &OwnedFd, size: u64, window: &Window) -> Result<()> {
    match name {
        "read" => by_read(fd, window),
        "readv" => by_readv(fd, size, window),
        "pread" => by_pread(fd, window),
        "mmap" => by_mmap(fd, size, window),
        "sendfile" => by_pipe(fd, size, window, true),
        "splice" => by_pipe(fd, size, window, false),
        "sizes" => pieces::by_sizes(fd, window),
        "strides" => pieces::by_strides(fd, window),
        "advice" => pieces::by_advice(fd, window),
        _ => Err(format!("unknown way {name}")),
    }
}

fn same(got: &[u8], want: &[u8], offset: u64) -> Result<()> {
    if got == want {
        return Ok(());
    }
    let at = got.iter().zip(want).position(|(a, b)| a != b);
    match at {
        Some(i) => Err(format!(
            "byte {} is {:02x}, not {:02x}",
            offset + i as u64,
            got[i],
            want[i]
        )),
        None => Err(format!(
            "{} bytes at {offset}, not {}",
            got.len(),
            want.len()
        )),
    }
}

/// Sequential, in pieces that no block or page size divides.
fn by_read(fd: &OwnedFd, window: &Window) -> Result<()> {
    rustix::fs::seek(fd, SeekFrom::Start(window.offset)).what(|| "seek".into())?;
    let mut got = vec![0; window.bytes.len()];
    let mut done = 0;
    while done < got.len() {
        let end = got.len().min(done + 100_003);
        match rustix::io::read(fd, &mut got[done..end]) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(Errno::INTR) => {}
            Err(e) => return Err(format!("read: {}", name(e))),
        }
    }
    same(&got[..done], &window.bytes, window.offset)
}

/// Seeded ranges all over the window, then all of it from its end to its start.
fn by_pread(fd: &OwnedFd, window: &Window) -> Result<()> {
    let len = window.bytes.len() as u64;
    let mut random = Random::new(window.offset ^ len);
    let seeded = (0..len.div_ceil(8 << 10).min(16)).map(|_| {
        let start = random.below(len);
        (start, 1 + random.below((len - start).min(20_000)))
    });
    let mut ranges: Vec<(u64, u64)> = seeded.collect();
    let mut end = len;
    while end > 0 {
        let start = end.saturating_sub(77_777);
        ranges.push((start, end - start));
        end = start;
    }
    for (start, count) in ranges {
        let mut got = vec![0; count as usize];
        let n = pread_full(fd, &mut got, window.offset + start).what(|| "pread".into())?;
        let want = &window.bytes[start as usize..(start + count) as usize];
        same(&got[..n], want, window.offset + start)?;
    }
    Ok(())
}

/// Into three buffers at once, at seeded offsets and over the end of the file.
fn by_readv(fd: &OwnedFd, size: u64, window: &Window) -> Result<()> {
    let len = window.bytes.len() as u64;
    let mut random = Random::new(window.offset ^ len ^ 1);
    let last = window.offset + len == size;
    let end = last.then(|| len.saturating_sub(5000));
    let mut pieces = [vec![0; 1], vec![0; 4095], vec![0; 7777]];
    let seeded = (0..len.div_ceil(16 << 10).min(6)).map(|_| random.below(len));
    for start in seeded.chain(end) {
        let mut parts: Vec<_> = pieces.iter_mut().map(|p| IoSliceMut::new(p)).collect();
        let n = preadv(fd, &mut parts, window.offset + start).what(|| "preadv".into())?;
        let got = pieces.concat();
        let want = &window.bytes[start as usize..];
        // Behind the window are bytes that belong to the next one.
        let seen = n.min(want.len());
        if n < got.len().min(want.len()) || (last && n > want.len()) {
            return Err(format!("preadv at {}: {n} bytes", window.offset + start));
        }
        same(&got[..seen], &want[..seen], window.offset + start)?;
    }
    Ok(())
}

/// Also what a mapping shows behind the end of the file: zeroes up to the end of the page.
fn by_mmap(fd: &OwnedFd, size: u64, window: &Window) -> Result<()> {
    let len = window.bytes.len();
    let last = window.offset + len as u64 == size;
    let pages = len.next_multiple_of(PAGE);
    let behind = if last { PAGE } else { 0 };
    let map = Map::new(fd.as_fd(), window.offset, pages + behind).what(|| "mmap".into())?;
    same(&map.bytes()[..len], &window.bytes, window.offset)?;
    if last && map.bytes()[len..pages].iter().any(|b| *b != 0) {
        return Err("the page behind the end is not zero".into());
    }
    // The kernel looks there for us: the error is what a touch would be as a signal.
    let (_out, into) = pipe().what(|| "pipe".into())?;
    match map.bytes().get(pages..pages + 1) {
        Some(byte) if rustix::io::write(&into, byte) != Err(Errno::FAULT) => {
            Err("there is a page behind the last one".into())
        }
        _ => Ok(()),
    }
}

/// The whole window, then from an odd offset over its end.
fn by_pipe(fd: &OwnedFd, size: u64, window: &Window, sendfile: bool) -> Result<()> {
    through_pipe(fd, size, window.offset, &window.bytes, sendfile)?;
    let odd = (window.bytes.len() / 2) | 1;
    match window.bytes.get(odd..) {
        Some(rest @ [_, ..]) => {
            let start = rest.len().saturating_sub(9001);
            let at = window.offset + (odd + start) as u64;
            through_pipe(fd, size, at, &rest[start..], sendfile)
        }
        _ => Ok(()),
    }
}

fn through_pipe(fd: &OwnedFd, size: u64, at: u64, want: &[u8], sendfile: bool) -> Result<()> {
    const ROOM: usize = 64 << 10;
    let (out, into) = pipe().what(|| "pipe".into())?;
    let mut got = vec![0; want.len() + ROOM];
    let mut done = 0;
    let mut offset = at;
    while done < want.len() {
        // Only the end of the file ends the last piece.
        let last = at + want.len() as u64 == size;
        let count = if last {
            ROOM
        } else {
            ROOM.min(want.len() - done)
        };
        let moved = if sendfile {
            rustix::fs::sendfile(&into, fd, Some(&mut offset), count)
        } else {
            let flags = SpliceFlags::empty();
            splice(fd, Some(&mut offset), &into, None, count, flags)
        };
        let moved = moved.what(|| if sendfile { "sendfile" } else { "splice" }.into())?;
        if moved == 0 {
            break;
        }
        let end = done + moved;
        while done < end {
            done += rustix::io::read(&out, &mut got[done..end]).what(|| "pipe".into())?;
        }
    }
    same(&got[..done], want, at)
}
