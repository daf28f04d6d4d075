// SPDX-License-Identifier: GPL-2.0
//! The two sharing images, mounted, and the file that both hold.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use crate::content::{open, pread_full};
use crate::error::{Context, Result};
use crate::mounting::Mounted;
use crate::pattern::content;
use crate::sys::{Map, PAGE};

/// Its length and, see `tree`, the seed of its content.
pub(crate) const BIG: usize = 16 << 20;
const SEED: u64 = 1000;

/// What an order of events starts from: what to mount where, given on the command line.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) kind: &'a str,
    pub(crate) options: &'a str,
    pub(crate) a: &'a Path,
    pub(crate) b: &'a Path,
}

impl Setup<'_> {
    pub(crate) fn mount_a(&self) -> Result<Mounted> {
        Mounted::new(self.kind, self.options, self.a)
    }

    pub(crate) fn mount_b(&self) -> Result<Mounted> {
        Mounted::new(self.kind, self.options, self.b)
    }
}

/// Fails if a mount of this process is left: what is dropped too late keeps its mount busy.
pub(crate) fn nothing_mounted() -> Result<()> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").what(|| "mountinfo".into())?;
    let mine = format!("/run/probe-{}-", std::process::id());
    match table.lines().find(|l| l.contains(&mine)) {
        Some(line) => Err(format!("still mounted: {line}")),
        None => Ok(()),
    }
}

/// `big` of one of the images.
pub(crate) fn big(mounted: &Mounted) -> PathBuf {
    mounted.dir.join("big")
}

/// The program of one of the images.
pub(crate) fn program(mounted: &Mounted) -> PathBuf {
    mounted.dir.join("program")
}

/// What `big` must hold.
pub(crate) fn golden() -> Vec<u8> {
    content(SEED, BIG)
}

/// All of `big`, mapped; the file is closed.
pub(crate) fn map_big(mounted: &Mounted) -> Result<Map> {
    map(&open(&big(mounted))?)
}

pub(crate) fn map(fd: &OwnedFd) -> Result<Map> {
    Map::new(fd.as_fd(), 0, BIG).what(|| "mmap".into())
}

/// Compares `got`, which is what lies at `start`, with `golden`.
pub(crate) fn verify(got: &[u8], golden: &[u8], start: usize) -> Result<()> {
    let want = &golden[start..start + got.len()];
    if got == want {
        return Ok(());
    }
    let at = got.iter().zip(want).take_while(|(a, b)| a == b).count();
    Err(format!("wrong byte at {}", start + at))
}

/// A byte of every page, which is enough to fault it in and to tell it from any other.
pub(crate) fn verify_pages(got: &[u8], golden: &[u8]) -> Result<()> {
    for at in (0..got.len()).step_by(PAGE) {
        verify(&got[at..at + 16], golden, at)?;
    }
    Ok(())
}

/// Reads all of an open `big` by pread(2).
pub(crate) fn verify_read(fd: &OwnedFd, golden: &[u8]) -> Result<()> {
    let mut got = vec![0; 1 << 20];
    for start in (0..golden.len()).step_by(got.len()) {
        let n = pread_full(fd, &mut got, start as u64).what(|| "pread".into())?;
        verify(&got[..n], golden, start)?;
        if n != got.len() {
            return Err(format!("{n} bytes at {start}"));
        }
    }
    Ok(())
}
