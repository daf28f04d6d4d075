// SPDX-License-Identifier: GPL-2.0
//! Breakpoints in a shared program, in every order with open, run and umount. uprobes find
//! processes through `i_mapping` of the inode, which the first open redirects.

use std::fs::{read_to_string, write, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::error::{Context, Result};
use crate::pair::{program, Setup};
use crate::program::{function, Running};

const TRACING: &str = "/sys/kernel/tracing";
const TURNS: u64 = 20;

/// An event of tracefs; it goes with its owner.
struct Event {
    name: &'static str,
}

impl Event {
    fn define(name: &'static str, path: &Path) -> Result<Event> {
        tell(&format!(
            "p:cofs/{name} {}:{:#x}",
            path.display(),
            function(7)
        ))?;
        Ok(Event { name })
    }

    fn enable(&self, on: bool) -> Result<()> {
        let file = format!("{TRACING}/events/cofs/{}/enable", self.name);
        write(&file, if on { "1" } else { "0" }).what(|| format!("write {file}"))
    }

    fn hits(&self) -> Result<u64> {
        let profile = read_to_string(format!("{TRACING}/uprobe_profile"));
        let profile = profile.what(|| "uprobe_profile".into())?;
        let mut lines = profile.lines().map(|l| l.split_whitespace());
        let line = lines.find(|l| l.clone().any(|word| word == self.name));
        line.and_then(|l| l.last()?.parse().ok())
            .ok_or(format!("{}: no line in uprobe_profile", self.name))
    }

    fn expect(&self, want: u64) -> Result<()> {
        match self.hits()? {
            got if got == want => Ok(()),
            got => Err(format!("{}: {got} hits, not {want}", self.name)),
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let gone = self
            .enable(false)
            .and_then(|()| tell(&format!("-:cofs/{}", self.name)));
        if let Err(e) = gone {
            eprintln!("probe: {e}");
        }
    }
}

/// Appends: a file opened anew would first forget all events.
fn tell(line: &str) -> Result<()> {
    let file = format!("{TRACING}/uprobe_events");
    let mut events = OpenOptions::new()
        .append(true)
        .open(&file)
        .what(|| file.clone())?;
    events
        .write_all(line.as_bytes())
        .what(|| format!("'{line}' to {file}"))
}

pub(crate) fn run(order: &str, setup: &Setup<'_>) -> Result<()> {
    match order {
        "hits" => hits(setup),
        "before" => before(setup),
        "after" => after(setup),
        "never" => never(setup),
        "both" => both(setup),
        "umount-other" => umount_other(setup),
        "umount-own" => umount_own(setup),
        "toggle" => toggle(setup),
        _ => Err(format!("unknown order {order}")),
    }
}

/// Prints what one event on one image counts, whatever that is.
fn hits(setup: &Setup<'_>) -> Result<()> {
    let a = setup.mount_a()?;
    let event = Event::define("a", &program(&a))?;
    event.enable(true)?;
    let mut running = Running::start(&program(&a))?;
    running.turn(TURNS)?;
    running.finish()?;
    println!("turns={TURNS} hits={}", event.hits()?);
    Ok(())
}

/// Registered while nobody has opened the file; it then runs from both images.
fn before(setup: &Setup<'_>) -> Result<()> {
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let event = Event::define("a", &program(&a))?;
    event.enable(true)?;
    for (mounted, hits) in [(&a, TURNS), (&b, TURNS), (&a, 2 * TURNS)] {
        let mut running = Running::start(&program(mounted))?;
        running.turn(TURNS)?;
        running.finish()?;
        event.expect(hits)?;
    }
    Ok(())
}

/// Registered, unregistered and registered again while it runs from both.
fn after(setup: &Setup<'_>) -> Result<()> {
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let mut one = Running::start(&program(&a))?;
    let mut other = Running::start(&program(&b))?;
    let mut turn = || {
        other.turn(TURNS)?;
        one.turn(TURNS)
    };
    turn()?;
    let event = Event::define("a", &program(&a))?;
    for (on, hits) in [(true, TURNS), (false, TURNS), (true, 2 * TURNS)] {
        event.enable(on)?;
        turn()?;
        event.expect(hits)?;
    }
    drop(event);
    turn()
}

/// Registered and unregistered without an open; the mounts can go.
fn never(setup: &Setup<'_>) -> Result<()> {
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let mut other = Running::start(&program(&b))?;
    let event = Event::define("a", &program(&a))?;
    event.enable(true)?;
    other.turn(TURNS)?;
    event.enable(false)?;
    event.expect(0)?;
    drop(event);
    a.end()?;
    other.turn(TURNS)
}

/// Two events at one place of one content, told apart by the image.
fn both(setup: &Setup<'_>) -> Result<()> {
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let mut one = Running::start(&program(&a))?;
    let events = (
        Event::define("a", &program(&a))?,
        Event::define("b", &program(&b))?,
    );
    events.0.enable(true)?;
    events.1.enable(true)?;
    let mut other = Running::start(&program(&b))?;
    one.turn(TURNS)?;
    other.turn(2 * TURNS)?;
    events.0.expect(TURNS)?;
    events.1.expect(2 * TURNS)?;
    events.1.enable(false)?;
    one.turn(TURNS)?;
    other.turn(TURNS)?;
    events.0.expect(2 * TURNS)?;
    events.1.expect(2 * TURNS)
}

/// The image that filled the pages goes, with its own event, while the other's is hit.
fn umount_other(setup: &Setup<'_>) -> Result<()> {
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let event = Event::define("a", &program(&a))?;
    event.enable(true)?;
    let gone = Event::define("b", &program(&b))?;
    gone.enable(true)?;
    let mut other = Running::start(&program(&b))?;
    other.turn(TURNS)?;
    gone.expect(TURNS)?;
    let mut one = Running::start(&program(&a))?;
    one.turn(TURNS)?;
    other.finish()?;
    drop(gone);
    b.end()?;
    one.turn(TURNS)?;
    event.expect(2 * TURNS)?;
    event.enable(false)?;
    one.turn(TURNS)?;
    event.expect(2 * TURNS)
}

/// The image of the event is unmounted lazily below program and event, and comes back.
fn umount_own(setup: &Setup<'_>) -> Result<()> {
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let mut one = Running::start(&program(&a))?;
    let event = Event::define("a", &program(&a))?;
    event.enable(true)?;
    a.end_lazily()?;
    one.turn(TURNS)?;
    event.expect(TURNS)?;
    // The mount is reached through the event alone from here on.
    one.finish()?;
    let again = setup.mount_a()?;
    let mut other = Running::start(&program(&b))?;
    other.turn(TURNS)?;
    event.expect(TURNS)?;
    drop(event);
    let mut one = Running::start(&program(&again))?;
    one.turn(TURNS)?;
    one.finish()
}

/// Registered and unregistered as fast as it goes, the page cache dropped meanwhile, while both run.
fn toggle(setup: &Setup<'_>) -> Result<()> {
    let (a, b) = (setup.mount_a()?, setup.mount_b()?);
    let mut one = Running::start(&program(&a))?;
    let mut other = Running::start(&program(&b))?;
    let event = Event::define("a", &program(&a))?;
    let stop = AtomicBool::new(false);
    let turned: Result<()> = thread::scope(|scope| {
        let turner = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                one.turn(1)?;
                other.turn(1)?;
            }
            Ok(())
        });
        let toggled = (0..TURNS).try_for_each(|i| {
            event.enable(i % 2 == 0)?;
            write("/proc/sys/vm/drop_caches", "1").what(|| "drop_caches".into())
        });
        stop.store(true, Ordering::Relaxed);
        let turned = turner.join().map_err(|_| "a thread panicked")?;
        toggled.and(turned)
    });
    turned?;
    event.enable(false)?;
    let hits = event.hits()?;
    one.turn(TURNS)?;
    event.expect(hits)
}
