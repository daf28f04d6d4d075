// SPDX-License-Identifier: GPL-2.0
//! `cofsctl status`: what is shared now, and what that saves.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::cli;
use crate::failure::{Failure, Result};
use crate::kernel::{self, Kernel, Mount};
use crate::output::{mib, Output, Table};
use crate::Verdict;

/// Home, and all below cleared.
const CLEAR: &str = "\x1b[H\x1b[J";

fn read(root: &Path) -> Result<Kernel> {
    Kernel::read(root)?.ok_or_else(|| {
        let path = root.join("sys/fs/cofs");
        Failure::of(
            path.display(),
            "not there: is the module loaded? (modprobe cofs)",
        )
    })
}

fn print(kernel: &Kernel, out: &mut Output) -> Result<()> {
    let count = |name: &str| match kernel.number(name) {
        Some(number) => number.to_string(),
        None => "-".into(),
    };
    let bytes = |name: &str| match kernel.number(name) {
        Some(bytes) => format!("{} MiB", mib(bytes)),
        None => "-".into(),
    };
    let pages = |name: &str| match kernel.number(name) {
        Some(pages) => format!("{} MiB", mib(pages.saturating_mul(kernel.page_size))),
        None => "-".into(),
    };
    let lines = [
        (
            "content",
            format!(
                "{} files, held by {} of images",
                count("shared_inodes"),
                count("sharers")
            ),
        ),
        (
            "shared",
            format!("{} by two or more", pages("shared_pages")),
        ),
        ("saved", format!("{} at most", bytes("saved_bytes"))),
        (
            "lingering",
            format!("{}, held by no image", pages("lingering_pages")),
        ),
        (
            "hits",
            format!("{} files found their content there", count("adoptions")),
        ),
        (
            "failovers",
            format!("{} folios came from another image", count("failovers")),
        ),
    ];
    for (name, text) in lines {
        out.line(format!("{name:<10} {text}"))?;
    }
    if kernel.mounts.is_empty() {
        return out.line("\nno image is mounted");
    }
    out.line("")?;
    let header = [
        "image",
        "mounted on",
        "shared files",
        "failovers",
        "errors",
        "by readers",
        "by workers",
    ];
    let mut table = Table::new(2, header);
    for mount in &kernel.mounts {
        table.row(row(mount));
    }
    table.print(out)
}

fn row(mount: &Mount) -> [String; 7] {
    let number = |name: &str| match mount.numbers.get(name) {
        Some(number) => number.to_string(),
        None => "-".into(),
    };
    let directory = match &mount.directories[..] {
        [] => "-".into(),
        [one] => one.clone(),
        [one, more @ ..] => format!("{one} and {} more", more.len()),
    };
    [
        mount.disk.clone(),
        directory,
        number("shared_inodes"),
        number("failovers"),
        number("errors"),
        number("decoded_by_reader"),
        number("decoded_by_worker"),
    ]
}

pub(crate) fn run(arguments: &cli::Status, out: &mut Output) -> Result<Verdict> {
    let root = kernel::root(arguments.root.as_ref());
    let terminal = io::stdout().is_terminal();
    loop {
        let kernel = read(&root)?;
        if arguments.json && arguments.watch.is_some() {
            // An object a line, for whoever reads on.
            out.line(serde_json::to_string(&kernel)?)?;
        } else if arguments.json {
            out.json(&kernel)?;
        } else {
            if arguments.watch.is_some() && terminal {
                out.text(CLEAR)?;
            }
            print(&kernel, out)?;
        }
        let Some(seconds) = arguments.watch else {
            return Ok(Verdict::Sound);
        };
        if !arguments.json && !terminal {
            out.line("")?;
        }
        out.finish()?;
        sleep(Duration::from_secs(seconds.into()));
    }
}
