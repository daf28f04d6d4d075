// SPDX-License-Identifier: GPL-2.0
//! What processes do to mappings of shared files.

use crate::content::open;
use crate::error::{outcome, Context, Result};
use crate::lazy::evict;
use crate::mounting::Mounted;
use crate::pair::{big, golden, map_big, program, verify, verify_pages, verify_read, Setup, BIG};
use crate::program::Running;
use crate::sys::{process, Advise, Map, PAGE};

pub(crate) fn run(order: &str, setup: &Setup<'_>) -> Result<()> {
    match order {
        "advise" => advise(setup),
        "collapse" => collapse(setup),
        "lock" => lock(setup),
        "remap" => remap(setup),
        "fork" => fork(setup),
        "exec" => exec(setup),
        _ => Err(format!("unknown order {order}")),
    }
}

fn mounts(setup: &Setup<'_>) -> Result<(Mounted, Mounted)> {
    Ok((setup.mount_a()?, setup.mount_b()?))
}

/// Every advice through one image, the bytes through both.
fn advise(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let (a, b) = mounts(setup)?;
    let (one, other) = (map_big(&a)?, map_big(&b)?);
    for (advise, want) in [
        (Advise::PopulateRead, "ok"),
        (Advise::Cold, "ok"),
        (Advise::PageOut, "ok"),
        (Advise::WillNeed, "ok"),
        (Advise::DontNeed, "ok"),
        (Advise::PopulateWrite, "EINVAL"),
        (Advise::Remove, "EACCES"),
    ] {
        let got = outcome(one.advise(advise));
        if got != want {
            return Err(format!("{advise:?}: {got}, not {want}"));
        }
        verify_pages(other.bytes(), &golden)?;
        verify_pages(one.bytes(), &golden)?;
        evict()?;
    }
    one.advise(Advise::WillNeed).what(|| "WillNeed".into())?;
    drop(one);
    a.end()?;
    verify(other.bytes(), &golden, 0)
}

/// What MADV_COLLAPSE says to a mapping that has been read.
fn collapsed(mounted: &Mounted, golden: &[u8]) -> Result<(Map, String)> {
    let map = map_big(mounted)?;
    verify_pages(map.bytes(), golden)?;
    let said = outcome(map.advise(Advise::Collapse));
    Ok((map, said))
}

/// Huge pages through one image, then through the other, as in a file that is not shared.
fn collapse(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let plain = Setup {
        options: "",
        ..*setup
    };
    let unshared = collapsed(&plain.mount_a()?, &golden)?.1;
    let (a, b) = mounts(setup)?;
    let (one, first) = collapsed(&a, &golden)?;
    let other = map_big(&b)?;
    verify(other.bytes(), &golden, 0)?;
    let (third, second) = collapsed(&b, &golden)?;
    verify(one.bytes(), &golden, 0)?;
    println!("unshared={unshared} one={first} other={second}");
    if first != unshared || second != unshared {
        return Err("shared files collapse otherwise than others".into());
    }
    // Huge pages whose image goes, then half of one.
    drop((other, third));
    b.end()?;
    one.advise_part(PAGE, BIG / 2, Advise::DontNeed)
        .what(|| "DontNeed".into())?;
    evict()?;
    verify(one.bytes(), &golden, 0)
}

/// Pages that one image's process has locked stay when the other's are thrown out, and go later.
fn lock(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let (a, b) = mounts(setup)?;
    let one = map_big(&a)?;
    one.lock().what(|| "mlock".into())?;
    verify_read(&open(&big(&b))?, &golden)?;
    b.end()?;
    for _ in 0..3 {
        evict()?;
        let _ = one.advise(Advise::PageOut);
    }
    let resident = one.resident().what(|| "mincore".into())?;
    if resident != BIG / PAGE {
        return Err(format!("{resident} pages of the locked mapping are left"));
    }
    verify(one.bytes(), &golden, 0)?;
    // Locked before it was read, by the file that nobody else has.
    let again = map_big(&a)?;
    again.lock().what(|| "mlock".into())?;
    drop(one);
    drop(again);
    evict()?;
    let file = open(&big(&a))?;
    verify_read(&file, &golden)
}

/// A mapping moves, shrinks and moves again.
fn remap(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let (a, b) = mounts(setup)?;
    let other = map_big(&b)?;
    let one = map_big(&a)?;
    verify_pages(&one.bytes()[..BIG / 4], &golden)?;
    let one = one.moved(BIG).what(|| "mremap".into())?;
    verify_pages(other.bytes(), &golden)?;
    drop(other);
    b.end()?;
    evict()?;
    verify_pages(one.bytes(), &golden)?;
    let one = one.moved(BIG / 2 + PAGE).what(|| "mremap".into())?;
    evict()?;
    verify(one.bytes(), &golden, 0)
}

/// A child inherits mapping and file, its parent lets go of both, and both mounts go.
fn fork(setup: &Setup<'_>) -> Result<()> {
    let golden = golden();
    let (a, b) = mounts(setup)?;
    let file = open(&big(&b))?;
    let (one, other) = (map_big(&a)?, map_big(&b)?);
    verify_pages(&one.bytes()[..BIG / 2], &golden)?;
    let (read, write) = rustix::pipe::pipe().what(|| "pipe".into())?;
    let work = || {
        let all = || {
            // Until the parent has let go.
            rustix::io::read(&read, &mut [0; 1]).what(|| "pipe".into())?;
            verify_pages(other.bytes(), &golden)?;
            evict()?;
            verify(one.bytes(), &golden, 0)?;
            verify_read(&file, &golden)
        };
        all().map_err(|e| println!("child: {e}")).is_ok()
    };
    let children = [process::fork(work), process::fork(work)];
    drop((file, one, other));
    a.end_lazily()?;
    b.end_lazily()?;
    rustix::io::write(&write, b"..").what(|| "pipe".into())?;
    for child in children {
        let child = child.what(|| "fork".into())?;
        if !child.wait().what(|| "wait".into())? {
            return Err("a child failed".into());
        }
    }
    Ok(())
}

/// A program runs from one image while the other comes and goes and the pages are dropped.
fn exec(setup: &Setup<'_>) -> Result<()> {
    let a = setup.mount_a()?;
    let mut one = Running::start(&program(&a))?;
    for i in 0..6 {
        let b = setup.mount_b()?;
        let mut other = Running::start(&program(&b))?;
        other.turn(2)?;
        if i % 2 == 0 {
            evict()?;
        }
        one.turn(2)?;
        other.finish()?;
        b.end()?;
        evict()?;
        one.turn(2)?;
    }
    one.finish()
}
