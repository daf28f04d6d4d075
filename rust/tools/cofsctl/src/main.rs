// SPDX-License-Identifier: GPL-2.0
//! cofsctl: what cofs shares, what images hold, and what they would share.

#![forbid(unsafe_code)]

mod cli;
mod compare;
mod failure;
mod fingerprint;
mod generate;
mod hash;
mod inspect;
mod kernel;
mod metrics;
mod names;
mod open;
mod output;
mod progress;
mod sharing;
mod stamp;
mod status;
mod verify;
mod walk;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use failure::{Failure, Result};
use output::Output;

/// Whether what was looked at is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Sound,
    Unsound,
}

fn run(command: &Command) -> Result<Verdict> {
    let mut out = Output::new();
    let verdict = match command {
        Command::Status(arguments) => status::run(arguments, &mut out),
        Command::Inspect(arguments) => inspect::run(arguments, &mut out),
        Command::Compare(arguments) => compare::run(arguments, &mut out),
        Command::Verify(arguments) => verify::run(arguments, &mut out),
        Command::Stamp(arguments) => stamp::run(arguments, &mut out),
        Command::Metrics(arguments) => metrics::run(arguments, &mut out),
        Command::Generate { dir } => generate::run(dir).map(|()| Verdict::Sound),
    };
    // What was found out before a failure is shown all the same.
    out.finish()?;
    verdict
}

fn main() -> ExitCode {
    let code = match run(&Cli::parse().command) {
        Ok(Verdict::Sound) => cli::SOUND,
        Ok(Verdict::Unsound) => cli::UNSOUND,
        Err(Failure::Closed) => cli::CLOSED,
        Err(Failure::Because(reason) | Failure::Image(reason)) => {
            // Where there is no stderr there is nobody to tell.
            let _ = writeln!(io::stderr(), "cofsctl: {reason}");
            cli::FAILED
        }
    };
    ExitCode::from(code)
}
