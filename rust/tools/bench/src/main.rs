// SPDX-License-Identifier: GPL-2.0

//! Does the same work on every contender in one boot, and prints a line of JSON for each figure:
//!
//!     cofs-bench instructions|check|profile|pair|walk|time [ROW]...
//!     cofs-bench list [ROW]...
//!     cofs-bench mount-memory CONTENDER IMAGE IMAGE
//!
//! `instructions` belongs into a guest that counts them (`qemu/run.sh --icount`), where a
//! nanosecond of the clock is one of them; `pair` and `time` into any other. The images are on
//! drives below /dev/disk/cofs, and for `instructions` on RAM disks. `check` does a few of them, on
//! cofs and erofs. `profile` does the same as `instructions`, and names the spans that a profiler
//! outside sees: "span NUMBER CONTENDER, WORK: PART".
//!
//! With ROWs only those works are done whose name has one of them in it. `list` prints which
//! these are, as "LAB DRIVE,DRIVE,... NAME". `mount-memory` copies two images to RAM disks, leaves
//! them mounted, and prints for each its place and the options of an overlayfs with an upper layer
//! over it.

mod contender;
mod device;
mod machine;
mod repeat;
mod report;
mod sys;
mod trace;
mod work;

use std::env;
use std::process::ExitCode;

use contender::{Contender, Mounted};
use device::Devices;
use work::{Bench, Work};

/// The works that services.sh does.
const SCRIPTS: [&str; 2] = ["pair services", "pair fio"];

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: cofs-bench instructions|check|profile|pair|walk|time|list [ROW]...
       cofs-bench mount-memory CONTENDER IMAGE IMAGE";

/// The works of a lab, or those of them that `rows` name.
fn chosen<'a>(lab: &str, rows: &'a [&str]) -> impl Iterator<Item = &'static Work> + 'a {
    let works: [&[Work]; 2] = match lab {
        "instructions" => [work::INSTRUCTIONS, work::MEMORY],
        "profile" => [work::INSTRUCTIONS, &[]],
        "check" => [work::CHECK, &[]],
        "pair" => [work::PAIR, &[]],
        "walk" => [work::WALK, &[]],
        _ => [work::TIME, &[]],
    };
    works
        .into_iter()
        .flatten()
        .filter(|work| rows.is_empty() || rows.iter().any(|row| work.name.contains(row)))
}

/// Everyone's figures of one work, and whether all have some.
fn measure(lab: &str, work: &Work, devices: &mut Devices) -> Result<bool> {
    let (rows, failed) = repeat::rounds(work.contenders, work.repeat, |contender| {
        let [a, b] = &devices.with(contender, work.images)?;
        let mut bench = Bench {
            contender,
            a,
            b,
            figures: Vec::new(),
        };
        let first = sys::spans();
        (work.run)(&mut bench)?;
        let counted = bench.figures.iter().filter(|f| f.unit == work::INSTRUCTION);
        for (number, figure) in (first + 1..).zip(counted).filter(|_| lab == "profile") {
            println!(
                "span {number} {}, {}: {}",
                contender.name, work.name, figure.part
            );
        }
        Ok(bench.figures)
    });
    for row in rows {
        println!("{}", report::line(lab, work, &row));
    }
    for (contender, error) in &failed {
        eprintln!("cofs-bench: {} on {contender}: {error}", work.name);
    }
    Ok(failed.is_empty())
}

/// The drives that a work's contenders need.
fn drives(work: &Work) -> Vec<String> {
    let mut drives: Vec<String> = work
        .contenders
        .iter()
        .flat_map(|c| {
            work.images
                .map(|image| [Some(c.drive(image)), c.store(image)])
        })
        .flatten()
        .flatten()
        .collect();
    drives.sort();
    drives.dedup();
    drives
}

fn mount(args: &[&str]) -> Result<()> {
    let &[name, a, b] = args else {
        return Err(USAGE.into());
    };
    let contender = Contender::named(name).ok_or("no such contender")?;
    let [a, b] = Devices::in_memory().with(contender, [a, b])?;
    let [a, b] = [Mounted::new(contender, &a)?, Mounted::new(contender, &b)?];
    for (root, lower) in [a.leave(), b.leave()] {
        println!("{} {lower}", root.display());
    }
    Ok(())
}

fn run(args: &[&str]) -> Result<()> {
    let [lab, rows @ ..] = args else {
        return Err(USAGE.into());
    };
    let mut devices = match *lab {
        "instructions" | "check" | "profile" | "walk" => Devices::in_memory(),
        "pair" | "time" => Devices::Drives,
        "list" => {
            for lab in ["instructions", "check", "profile", "pair", "walk", "time"] {
                for work in chosen(lab, rows) {
                    println!("{lab} {} {}", drives(work).join(","), work.name);
                }
            }
            // Which are a script's.
            for name in SCRIPTS {
                if rows.is_empty() || rows.iter().any(|row| name.contains(row)) {
                    println!("service - {name}");
                }
            }
            return Ok(());
        }
        "mount-memory" => return mount(rows),
        _ => return Err(USAGE.into()),
    };
    let mut complete = true;
    for work in chosen(lab, rows) {
        complete &= measure(lab, work, &mut devices).map_err(|e| format!("{}: {e}", work.name))?;
    }
    match complete {
        true => Ok(()),
        false => Err("not everyone did everything".into()),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cofs-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
