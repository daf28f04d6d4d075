// SPDX-License-Identifier: GPL-2.0
//! Memory errors under pages that two images share. A page of a file is clean: mm takes it out of
//! all mappings, throws it away and kills nobody; the next reader fills another.

use rustix::io::Errno;

use crate::content::open;
use crate::error::{name, Context, Result};
use crate::memory::frames_of;
use crate::pair::{big, golden, map_big, verify, verify_pages, verify_read, Setup, BIG};
use crate::sys::{process, Advise, Map, PAGE};

const PAGES: usize = 6;

pub(crate) fn run(order: &str, setup: &Setup<'_>) -> Result<()> {
    match order {
        "hard" => hit(setup, Advise::Poison),
        "supported" => supported(setup),
        "soft" => hit(setup, Advise::SoftOffline),
        _ => Err(format!("unknown order {order}")),
    }
}

/// mm refuses with EBUSY while somebody looks at a folio of more than one page: try again.
fn inject(map: &Map, at: usize, advise: Advise) -> Result<()> {
    for _ in 0..20 {
        map.populate();
        match map.advise_part(at, PAGE, advise) {
            Err(Errno::BUSY | Errno::AGAIN) => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            other => return other.what(|| format!("{advise:?} at {at}")),
        }
    }
    Err(format!("{advise:?} at {at}: busy for a second"))
}

fn hit(setup: &Setup<'_>, advise: Advise) -> Result<()> {
    let golden = golden();
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let (one, other) = (map_big(&a)?, map_big(&b)?);
    verify_pages(one.bytes(), &golden)?;
    verify_pages(other.bytes(), &golden)?;
    // Maps everything and sleeps through it, as most processes do.
    let (read, write) = rustix::pipe::pipe().what(|| "pipe".into())?;
    let sleeper = process::fork(|| {
        let awake = rustix::io::read(&read, &mut [0; 1]).is_ok();
        awake
            && verify(one.bytes(), &golden, 0).is_ok()
            && verify(other.bytes(), &golden, 0).is_ok()
    });
    let sleeper = sleeper.what(|| "fork".into())?;
    let mut moved = 0;
    for i in 0..PAGES {
        let at = (BIG / PAGES * i) & !(PAGE - 1);
        let before = frames_of(&one)?[at / PAGE];
        inject(if i % 2 == 0 { &one } else { &other }, at, advise)?;
        verify(&one.bytes()[at..at + PAGE], &golden, at)?;
        verify(&other.bytes()[at..at + PAGE], &golden, at)?;
        let after = (frames_of(&one)?[at / PAGE], frames_of(&other)?[at / PAGE]);
        if after.0 == before || after.0 != after.1 {
            return Err(format!("frames at {at}: {before:?}, then {after:?}"));
        }
        moved += 1;
    }
    verify_read(&open(&big(&a))?, &golden)?;
    verify_read(&open(&big(&b))?, &golden)?;
    rustix::io::write(&write, b".").what(|| "pipe".into())?;
    if !sleeper.wait().what(|| "wait".into())? {
        return Err("the process that slept died, or read other bytes".into());
    }
    println!("pages={moved}");
    // The image that was read goes; nobody else has ever filled these.
    drop(one);
    a.end()?;
    inject(&other, PAGE * 9, advise)?;
    verify(other.bytes(), &golden, 0)
}

/// Fails where the kernel has no such thing.
fn supported(setup: &Setup<'_>) -> Result<()> {
    let a = setup.mount_a()?;
    let map = map_big(&a)?;
    map.populate();
    match map.advise_part(BIG - PAGE, PAGE, Advise::SoftOffline) {
        Err(e @ (Errno::INVAL | Errno::PERM | Errno::OPNOTSUPP)) => Err(name(e)),
        _ => Ok(()),
    }
}
