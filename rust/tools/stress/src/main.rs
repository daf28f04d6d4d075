// SPDX-License-Identifier: GPL-2.0
//! Works on mounted images in every way at once, while they are mounted and unmounted, memory runs
//! short and devices fail; and compares every byte with lists that were made of the source trees.
//!
//! `run` is the parent: it mounts, disturbs and counts. Its workers are processes, so that each may have
//! a memory cgroup of its own, and may die by a fault in a mapping without the others.

mod counts;
mod disturb;
mod fault;
mod golden;
mod parent;
mod slot;
mod sys;
mod trouble;
mod watch;
mod ways;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(about = "Stress for images that come, go and fail; every byte is checked")]
enum Command {
    /// Print the golden list of a source tree: the digests of all its pages
    Golden { tree: PathBuf },
    /// Mount, read, disturb; end with the counts, and status 1 if anything was wrong
    Run(parent::Options),
    /// One of the processes that read, which `run` starts
    #[command(hide = true)]
    Worker(worker::Options),
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Golden { tree } => golden::print(&tree).map(|()| true),
        Command::Run(options) => parent::run(&options),
        Command::Worker(options) => worker::run(&options).map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            println!("cofs-stress: {message}");
            ExitCode::from(2)
        }
    }
}
