// SPDX-License-Identifier: GPL-2.0
//! The module goes while the kernel still holds pages that were its files'.

use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};

use rustix::pipe::{fcntl_setpipe_size, pipe, splice, SpliceFlags};

use crate::content::open;
use crate::error::{Context, Result};
use crate::pair::{big, golden, map_big, verify, Setup};
use crate::sys;

/// What a pipe is made to hold.
const HELD: usize = 256 << 10;

pub(crate) fn run(order: &str, setup: &Setup<'_>) -> Result<()> {
    match order {
        "pinned" => pinned(setup),
        "busy" => busy(setup),
        _ => Err(format!("unknown order {order}")),
    }
}

fn remove(kind: &str) -> Result<bool> {
    let mut rmmod = Command::new("rmmod");
    let status = rmmod.arg(kind).stderr(Stdio::null()).status();
    Ok(status.what(|| "rmmod".into())?.success())
}

fn drain(pipe: &OwnedFd, golden: &[u8]) -> Result<()> {
    let mut got = vec![0; HELD];
    let mut done = 0;
    while done < HELD {
        match rustix::io::read(pipe, &mut got[done..]).what(|| "read".into())? {
            0 => return Err(format!("the pipe held {done} bytes")),
            n => done += n,
        }
    }
    verify(&got, golden, 0)
}

/// Pages in pipes, by splice(2) from a file and by vmsplice(2) from a mapping.
fn pinned(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let spliced = pipe().what(|| "pipe".into())?;
    let vmspliced = pipe().what(|| "pipe".into())?;
    for (_, into) in [&spliced, &vmspliced] {
        fcntl_setpipe_size(into, HELD).what(|| "F_SETPIPE_SZ".into())?;
    }
    let file = open(&big(&a))?;
    let mut at = 0;
    while at < HELD as u64 {
        let left = HELD - at as usize;
        let into = &spliced.1;
        let moved = splice(&file, Some(&mut at), into, None, left, SpliceFlags::empty());
        moved.what(|| "splice".into())?;
    }
    let map = map_big(&b)?;
    sys::vmsplice(vmspliced.1.as_fd(), &map.bytes()[..HELD]).what(|| "vmsplice".into())?;
    drop((file, map));
    a.end()?;
    b.end()?;
    if !remove(setup.kind)? {
        return Err("rmmod failed".into());
    }
    drain(&spliced.0, &golden)?;
    drain(&vmspliced.0, &golden)
}

/// An open file keeps the module, whatever became of the mount; closed, it does not.
fn busy(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let a = setup.mount_a()?;
    let map = map_big(&a)?;
    a.end_lazily()?;
    if remove(setup.kind)? {
        return Err("rmmod with a mapped file".into());
    }
    verify(map.bytes(), &golden, 0)?;
    drop(map);
    if remove(setup.kind)? {
        Ok(())
    } else {
        Err("rmmod with nothing left".into())
    }
}
