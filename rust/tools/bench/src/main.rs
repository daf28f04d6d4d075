// SPDX-License-Identifier: GPL-2.0

//! Does the same work on every contender in one boot, and prints a line of JSON for each figure:
//!
//!     cofs-bench instructions A B MANY_A MANY_B
//!     cofs-bench time A B MANY_A MANY_B
//!
//! `instructions` belongs into a guest that counts them (`qemu/run.sh --icount`), where a
//! nanosecond of the clock is one of them; `time` into any other. A and B are devices with images
//! that have the large files in common, MANY_A and MANY_B those with 20,000 small ones.

mod contender;
mod machine;
mod repeat;
mod report;
mod sys;
mod work;

use std::env;
use std::process::ExitCode;

use contender::CONTENDERS;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: cofs-bench instructions|time A B MANY_A MANY_B";

fn run(args: &[&str]) -> Result<()> {
    let [lab, a, b, many_a, many_b] = args else {
        return Err(USAGE.into());
    };
    let works: &[work::Work] = match *lab {
        "instructions" => work::INSTRUCTIONS,
        "time" => work::TIME,
        _ => return Err(USAGE.into()),
    };
    for work in works {
        let devices = match work.images {
            work::Images::Big => [*a, *b],
            work::Images::Many => [*many_a, *many_b],
        };
        let rows = repeat::rounds(CONTENDERS, work.exact, |contender| {
            let mut figures = Vec::new();
            (work.run)(contender, devices, &mut figures)
                .map_err(|e| format!("{} on {}: {e}", work.name, contender.name))?;
            Ok(figures)
        })?;
        for row in rows {
            println!("{}", report::line(lab, work, &row));
        }
    }
    Ok(())
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
