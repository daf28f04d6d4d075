// SPDX-License-Identifier: GPL-2.0
//! Programs that run from the image.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::io::Errno;

use super::State;
use crate::golden::{File, Golden};
use crate::slot;
use crate::trouble::{Context, Step, Trouble};

/// What the program of the tests' trees adds up for each byte that it reads: 1 to 64.
const SUM: u64 = 64 * 65 / 2;
/// Files that a program digests are no larger than this.
const LARGE: u64 = 4 << 20;

/// In a Debian root, sha256sum of a file of it; else the program of the tests' trees, if there is one.
pub(super) fn run(state: &mut State, golden: &Golden, file: &File, dir: &Path) -> Step {
    // Names are looked up below this, and not in what may be mounted there a moment later.
    let root = slot::root(dir)?;
    let below = format!("/proc/{}/fd/{}", std::process::id(), root.as_raw_fd());
    if golden.file("usr/bin/sha256sum").is_some() {
        return digest(file, &below);
    }
    match golden.file("program") {
        Some(program) => sums(state, program, &below),
        None => Ok(0),
    }
}

fn digest(file: &File, root: &str) -> Step {
    if file.size > LARGE {
        return Ok(0);
    }
    let mut command = Command::new("chroot");
    command.args([root, "/usr/bin/sha256sum", "--", &file.path]);
    let output = output(&mut command, b"")?;
    let said = String::from_utf8_lossy(&output);
    // With a backslash in front where the name has one.
    match said.trim_start_matches('\\').split(' ').next() == Some(&file.sha256) {
        true => Ok(file.size),
        false => Err(Trouble::Wrong(format!(
            "{}: sha256sum said {said}",
            file.path
        ))),
    }
}

fn sums(state: &mut State, program: &File, root: &str) -> Step {
    let turns = state.rng.usize(1..20);
    let mut command = Command::new(format!("{root}/{}", program.path));
    let said = output(&mut command, &b".".repeat(turns))?;
    let want: Vec<u8> = (1..=turns as u64)
        .flat_map(|turn| (turn * SUM).to_le_bytes())
        .collect();
    match said == want {
        true => Ok(program.size),
        false => Err(Trouble::Wrong(format!(
            "{} bytes of sums, or others",
            said.len()
        ))),
    }
}

/// What it says, if it ends well. A program that a fault kills is an error like any other.
fn output(command: &mut Command, input: &[u8]) -> std::result::Result<Vec<u8>, Trouble> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().what(|| format!("{command:?}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output().what(|| "wait".into())?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => {
            let why = String::from_utf8_lossy(&output.stderr);
            Err(Trouble::Failed(
                format!("{}: {why}", output.status),
                Errno::IO,
            ))
        }
    }
}
