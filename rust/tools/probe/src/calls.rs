// SPDX-License-Identifier: GPL-2.0
//! System calls on shared files that do more than read.

mod flights;
pub(crate) mod inline;

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};

use crate::content::open;
use crate::error::{outcome, Context, Result};
use crate::lazy::evict;
use crate::mounting::Mounted;
use crate::pair::{big, golden, map_big, verify, verify_read, Setup, BIG};
use crate::pattern::Random;
use crate::sys::asynchronous::{by_aio, by_ring, Read};
use crate::sys::{self, PAGE};

pub(crate) fn run(order: &str, setup: &Setup<'_>) -> Result<()> {
    match order {
        "readahead" => readahead(setup),
        "refused" => refused(setup),
        "loop" => loops(setup, false),
        "loop-direct" => loops(setup, true),
        "extents" => extents(setup),
        "aio" => asynchronous(setup, by_aio),
        "ring" => asynchronous(setup, by_ring),
        "ring-cached" => inline::run(setup),
        "umount-waits" | "umount-reader" => flights::run(order, setup),
        _ => Err(format!("unknown order {order}")),
    }
}

/// The same image as the in-tree erofs has it, where nothing is shared.
fn reference(setup: &Setup<'_>) -> Result<Mounted> {
    Mounted::new("erofs", "", setup.a)
}

/// readahead(2) through one image fills what the other finds, also when the one goes at once.
fn readahead(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let b = setup.mount_b()?;
    for _ in 0..8 {
        let a = setup.mount_a()?;
        evict()?;
        let file = open(&big(&a))?;
        for at in (0..BIG).step_by(1 << 20) {
            sys::readahead(file.as_fd(), at as u64, 1 << 20).what(|| "readahead".into())?;
        }
        drop(file);
        a.end()?;
        let found = map_big(&b)?.resident().what(|| "mincore".into())?;
        if found == 0 {
            return Err("nothing was read ahead".into());
        }
        let file = open(&big(&b))?;
        verify_read(&file, &golden)?;
    }
    Ok(())
}

/// What a read-only file of any filesystem refuses is refused in the same words.
fn refusals(mounted: &Mounted) -> Result<Vec<(&'static str, String)>> {
    const FS_IOC_ENABLE_VERITY: u64 = 0x4080_6685;
    const FS_IOC_MEASURE_VERITY: u64 = 0xc004_6686;
    const FS_IOC_GETFLAGS: u64 = 0x8008_6601;
    let path = big(mounted);
    let file = open(&path)?;
    let ioctl = |request| outcome(sys::ioctl_ignored(file.as_fd(), request));
    let punch = rustix::fs::FallocateFlags::PUNCH_HOLE | rustix::fs::FallocateFlags::KEEP_SIZE;
    Ok(vec![
        ("swapon", outcome(sys::swapon(&path))),
        ("enable verity", ioctl(FS_IOC_ENABLE_VERITY)),
        ("measure verity", ioctl(FS_IOC_MEASURE_VERITY)),
        ("flags", ioctl(FS_IOC_GETFLAGS)),
        ("writable mapping", outcome(sys::map_writable(file.as_fd()))),
        (
            "fallocate",
            outcome(rustix::fs::fallocate(&file, punch, 0, 4096)),
        ),
        ("ftruncate", outcome(rustix::fs::ftruncate(&file, 0))),
        (
            "open for writing",
            outcome(rustix::fs::open(&path, OFlags::RDWR, Mode::empty())),
        ),
    ])
}

fn refused(setup: &Setup<'_>) -> Result<()> {
    let mounted = reference(setup)?;
    let want = refusals(&mounted)?;
    mounted.end()?;
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let (mapped, golden) = (map_big(&b)?, golden());
    verify(mapped.bytes(), &golden, 0)?;
    let got = refusals(&a)?;
    for (got, want) in got.iter().zip(&want) {
        if got != want {
            return Err(format!("{}: {}, with erofs {}", got.0, got.1, want.1));
        }
    }
    let said = got.iter().map(|(what, errno)| format!("{what} {errno}"));
    println!("{}", said.collect::<Vec<_>>().join(", "));
    verify(mapped.bytes(), &golden, 0)
}

/// Loop devices on the file of either image outlive the mounts.
fn loops(setup: &Setup<'_>, direct: bool) -> Result<()> {
    let golden = golden();
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let attach = |mounted: &Mounted| -> Result<OwnedFd> {
        let file = open(&big(mounted))?;
        let device = sys::attach_loop(file.as_fd())
            .what(|| "loop device".into())?
            .0;
        if direct {
            sys::loop_direct(device.as_fd()).what(|| "LOOP_SET_DIRECT_IO".into())?;
        }
        Ok(device)
    };
    let (one, other) = (attach(&a)?, attach(&b)?);
    verify_read(&one, &golden)?;
    verify_read(&other, &golden)?;
    a.end_lazily()?;
    evict()?;
    verify_read(&one, &golden)?;
    drop(one);
    evict()?;
    verify_read(&other, &golden)?;
    b.end_lazily()?;
    evict()?;
    verify_read(&other, &golden)
}

/// FIEMAP tells of the own image's blocks, before the first read and after.
fn extents(setup: &Setup<'_>) -> Result<()> {
    let of = |mounted: &Mounted| {
        let file = open(&big(mounted))?;
        sys::fiemap(file.as_fd()).what(|| "FIEMAP".into())
    };
    let mut want = Vec::new();
    for source in [setup.a, setup.b] {
        let mounted = Mounted::new("erofs", "", source)?;
        want.push(of(&mounted)?);
        mounted.end()?;
    }
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    for _ in 0..2 {
        if of(&a)? != want[0] || of(&b)? != want[1] {
            return Err("other extents than erofs tells".into());
        }
        let file = open(&big(&a))?;
        verify_read(&file, &golden())?;
    }
    println!("{} extents", want[0].len());
    Ok(())
}

/// Many reads at once, buffered and direct, whose mount goes before they have ended.
fn asynchronous<F>(setup: &Setup<'_>, submit: F) -> Result<()>
where
    F: Fn(OwnedFd, &mut [Read], Box<dyn FnOnce()>) -> rustix::io::Result<()>,
{
    let golden = golden();
    let mut random = Random::new(5);
    let b = setup.mount_b()?;
    for round in 0..6 {
        let a = setup.mount_a()?;
        evict()?;
        let direct = if round % 2 == 0 {
            OFlags::empty()
        } else {
            OFlags::DIRECT
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | direct;
        let file = rustix::fs::open(big(&a), flags, Mode::empty()).what(|| "open".into())?;
        let pages = (BIG / PAGE) as u64;
        let mut reads: Vec<Read> = (0..64)
            .map(|_| {
                let (at, count) = (random.below(pages - 32), 1 + random.below(32));
                Read::new(at * PAGE as u64, count as usize)
            })
            .collect();
        let ended = std::rc::Rc::new(std::cell::RefCell::new(Ok(())));
        let told = ended.clone();
        submit(
            file,
            &mut reads,
            Box::new(move || *told.borrow_mut() = a.end_lazily()),
        )
        .what(|| "submit".into())?;
        ended.replace(Ok(()))?;
        for read in &reads {
            let bytes = read.bytes().what(|| format!("read at {}", read.offset))?;
            verify(&bytes, &golden, read.offset as usize)?;
            if bytes.is_empty() {
                return Err(format!("no bytes at {}", read.offset));
            }
        }
        let file = open(&big(&b))?;
        verify_read(&file, &golden)?;
    }
    Ok(())
}
