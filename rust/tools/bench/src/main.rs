// SPDX-License-Identifier: GPL-2.0

//! Does the same work on every contender in one boot, and prints a line of JSON for each figure:
//!
//!     cofs-bench instructions|time|profile [ROW]...
//!     cofs-bench list [ROW]...
//!
//! `instructions` belongs into a guest that counts them (`qemu/run.sh --icount`), where a
//! nanosecond of the clock is one of them; `time` into any other. The images are on drives below
//! /dev/disk/cofs, and for `instructions` on /dev/ram0 and /dev/ram1 while they are in use. `profile` does the same as `instructions`, and
//! names the spans that a profiler outside sees: "span NUMBER CONTENDER, WORK: PART".
//!
//! With ROWs only those works are done whose name has one of them in it. `list` prints which
//! these are, as "LAB IMAGE IMAGE NAME".

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

use device::Devices;
use work::{Bench, Work};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: cofs-bench instructions|time|profile|list [ROW]...";

/// The works of a lab, or those of them that `rows` name.
fn chosen<'a>(lab: &str, rows: &'a [&str]) -> impl Iterator<Item = &'static Work> + 'a {
    let works: [&[Work]; 2] = match lab {
        "instructions" => [work::INSTRUCTIONS, work::MEMORY],
        "profile" => [work::INSTRUCTIONS, &[]],
        _ => [work::TIME, &[]],
    };
    works
        .into_iter()
        .flatten()
        .filter(|work| rows.is_empty() || rows.iter().any(|row| work.name.contains(row)))
}

/// Everyone's figures of one work, and whether all have some.
fn measure(lab: &str, work: &Work, devices: &mut Devices) -> Result<bool> {
    let [a, b] = &devices.with(work.images)?;
    let (rows, failed) = repeat::rounds(work.contenders, work.exact, |contender| {
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

fn run(args: &[&str]) -> Result<()> {
    let [lab, rows @ ..] = args else {
        return Err(USAGE.into());
    };
    let mut devices = match *lab {
        "instructions" | "profile" => Devices::Memory(Default::default()),
        "time" => Devices::Drives,
        "list" => {
            for lab in ["instructions", "profile", "time"] {
                for work in chosen(lab, rows) {
                    println!("{lab} {} {}", work.images.join(" "), work.name);
                }
            }
            return Ok(());
        }
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
