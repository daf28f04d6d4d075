// SPDX-License-Identifier: GPL-2.0

//! What the demo's guest does to mounted images, in one process so that no program start
//! disturbs the page cache between two samples of it.
//!
//!     cofs-demo mount FSTYPE OPTIONS SOURCE TARGET [SOURCE TARGET]...
//!     cofs-demo walk|read|sendfile DIR...

#![forbid(unsafe_code)]

mod tree;

use std::env;
use std::error::Error;
use std::ffi::CString;
use std::process::ExitCode;
use std::time::Instant;

use rustix::mount::{mount, MountFlags};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: cofs-demo mount FSTYPE OPTIONS SOURCE TARGET...
       cofs-demo walk|read|sendfile DIR...";

/// Mounts every SOURCE on its TARGET, read-only, and prints the microseconds of all.
fn mount_all(fstype: &str, options: &str, pairs: &[String]) -> Result<()> {
    let data = CString::new(options)?;
    let start = Instant::now();
    for pair in pairs.chunks_exact(2) {
        mount(&pair[0], &pair[1], fstype, MountFlags::RDONLY, &*data)
            .map_err(|e| format!("mount {} as {fstype} on {}: {e}", pair[0], pair[1]))?;
    }
    println!("{}", start.elapsed().as_micros());
    Ok(())
}

/// Visits every regular file below the directories and prints how many bytes they gave.
fn visit_all(dirs: &[String], visit: tree::Visit) -> Result<()> {
    let mut bytes = 0;
    for dir in dirs {
        bytes += tree::each_file(dir.as_ref(), visit)?;
    }
    println!("{bytes}");
    Ok(())
}

fn run(args: &[String]) -> Result<()> {
    match args {
        [command, fstype, options, pairs @ ..]
            if command == "mount" && !pairs.is_empty() && pairs.len() % 2 == 0 =>
        {
            mount_all(fstype, options, pairs)
        }
        [command, dirs @ ..] if !dirs.is_empty() => match command.as_str() {
            "walk" => visit_all(dirs, tree::size),
            "read" => visit_all(dirs, tree::read),
            "sendfile" => visit_all(dirs, tree::send),
            _ => Err(USAGE.into()),
        },
        _ => Err(USAGE.into()),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cofs-demo: {error}");
            ExitCode::FAILURE
        }
    }
}
