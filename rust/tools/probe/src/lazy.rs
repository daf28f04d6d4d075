// SPDX-License-Identifier: GPL-2.0
//! Files and mappings that outlive their mount.

use std::os::fd::AsRawFd;
use std::path::PathBuf;

use rustix::fs::{fadvise, Advice};
use rustix::io::Errno;
use rustix::mount::{unmount, UnmountFlags};

use crate::content::open;
use crate::error::{Context, Result};
use crate::pair::{
    big, golden, map, map_big, program, verify, verify_pages, verify_read, Setup, BIG,
};
use crate::program::Running;
use crate::sys::{process, Advise};

pub(crate) fn run(order: &str, setup: &Setup<'_>) -> Result<()> {
    match order {
        "one" => one(setup),
        "both" => both(setup),
        "reopen" => reopen(setup),
        "force" => force(setup),
        "namespace" => namespace(setup),
        "running" => running(setup),
        _ => Err(format!("unknown order {order}")),
    }
}

/// Drops what nobody holds or maps.
pub(crate) fn evict() -> Result<()> {
    std::fs::write("/proc/sys/vm/drop_caches", "1").what(|| "drop_caches".into())
}

/// One sharer goes lazily with an open file and a mapping of it; both read on.
fn one(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    for first in [true, false] {
        let (a, b) = (setup.mount_a()?, setup.mount_b()?);
        let (goes, stays) = if first { (a, b) } else { (b, a) };
        let file = open(&big(&goes))?;
        let mapping = map(&file)?;
        verify_pages(&mapping.bytes()[..BIG / 2], &golden)?;
        goes.end_lazily()?;
        verify_read(&file, &golden)?;
        verify_read(&open(&big(&stays))?, &golden)?;
        let _ = mapping.advise(Advise::DontNeed);
        evict()?;
        // Filled again by the image that is no longer mounted anywhere.
        verify(mapping.bytes(), &golden, 0)?;
        // The file goes first, then the last hold on the super block with the mapping.
        drop(file);
        evict()?;
        verify_pages(mapping.bytes(), &golden)?;
        drop(mapping);
        verify_read(&open(&big(&stays))?, &golden)?;
        stays.end()?;
    }
    Ok(())
}

/// Both go lazily; the image of the one comes back and shares with what is left.
fn both(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let maps = (map_big(&a)?, map_big(&b)?);
    a.end_lazily()?;
    b.end_lazily()?;
    verify_pages(maps.0.bytes(), &golden)?;
    evict()?;
    let again = setup.mount_a()?;
    verify_read(&open(&big(&again))?, &golden)?;
    drop(maps.0);
    evict()?;
    verify(maps.1.bytes(), &golden, 0)?;
    again.end()?;
    evict()?;
    verify_pages(maps.1.bytes(), &golden)
}

/// A file of a mount that is gone is opened anew, through /proc, also one never opened before.
fn reopen(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let path_only = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
    let found = rustix::fs::open(big(&a), path_only, rustix::fs::Mode::empty());
    let found = found.what(|| "open O_PATH".into())?;
    verify_read(&open(&big(&b))?, &golden)?;
    a.end_lazily()?;
    // Bound only now, to content that the other image has.
    let link = |fd: i32| PathBuf::from(format!("/proc/self/fd/{fd}"));
    let reopen = |path: PathBuf| {
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
        rustix::fs::open(&path, flags, rustix::fs::Mode::empty())
            .what(|| format!("open {}", path.display()))
    };
    let file = reopen(link(found.as_raw_fd()))?;
    drop(found);
    verify_read(&file, &golden)?;
    let second = reopen(link(file.as_raw_fd()))?;
    drop(file);
    b.end()?;
    evict()?;
    verify_read(&second, &golden)
}

/// MNT_FORCE is no more than umount to a filesystem without a server.
fn force(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let file = open(&big(&a))?;
    let _ = fadvise(&file, 0, None, Advice::WillNeed);
    match unmount(&a.dir, UnmountFlags::FORCE) {
        Err(Errno::BUSY) => {}
        other => return Err(format!("umount -f of a busy mount: {other:?}")),
    }
    verify_read(&file, &golden)?;
    drop(file);
    let other = open(&big(&b))?;
    let _ = fadvise(&other, 0, None, Advice::WillNeed);
    unmount(&a.dir, UnmountFlags::FORCE).what(|| "umount -f".into())?;
    verify_read(&other, &golden)
}

/// Mounts in a namespace go when its only process is killed in the middle of reading.
fn namespace(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let a = setup.mount_a()?;
    let file = open(&big(&a))?;
    for round in 0..3u64 {
        let child = process::fork(|| {
            let read = || -> Result<()> {
                process::own_mounts().what(|| "unshare".into())?;
                let b = setup.mount_b()?;
                let file = open(&big(&b))?;
                let mapping = map(&file)?;
                loop {
                    verify_pages(mapping.bytes(), &golden)?;
                    verify_read(&file, &golden)?;
                    let _ = mapping.advise(Advise::DontNeed);
                    evict()?;
                }
            };
            read().map_err(|e| println!("{e}")).is_ok()
        });
        let child = child.what(|| "fork".into())?;
        verify_read(&file, &golden)?;
        std::thread::sleep(std::time::Duration::from_millis(300 + 100 * round));
        let ended = child.kill().what(|| "kill".into())?;
        if !ended {
            return Err("the reader ended before it was killed".into());
        }
        evict()?;
        verify_read(&file, &golden)?;
    }
    Ok(())
}

/// A program runs from a mount that is gone, whose pages were dropped.
fn running(setup: &Setup<'_>) -> Result<()> {
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let mut one = Running::start(&program(&a))?;
    let mut other = Running::start(&program(&b))?;
    one.turn(3)?;
    a.end_lazily()?;
    evict()?;
    one.turn(3)?;
    other.turn(3)?;
    b.end_lazily()?;
    other.finish()?;
    evict()?;
    one.turn(3)?;
    one.finish()
}
