// SPDX-License-Identifier: GPL-2.0
//! `cofsctl status`: what is shared now, and what that saves.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::cli;
use crate::failure::{Failure, Result};
use serde::Serialize;

use crate::kernel::{self, Kernel, Mount};
use crate::names::Names;
use crate::output::{mib, Output, Table};
use crate::sharing::{Content, Domain, Sharing};
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

/// All that is told.
#[derive(Debug, Serialize)]
struct Status {
    #[serde(flatten)]
    kernel: Kernel,
    /// Null where it cannot be seen.
    domains: Option<Vec<Domain>>,
    biggest: Option<Vec<Content>>,
}

fn print(status: &Status, out: &mut Output) -> Result<()> {
    let kernel = &status.kernel;
    numbers(kernel, out)?;
    mounts(kernel, out)?;
    match &status.domains {
        None => out.line("\ndomains and shared files: root sees them, where debugfs is mounted")?,
        Some(domains) if domains.is_empty() => {}
        Some(domains) => self::domains(domains, out)?,
    }
    match &status.biggest {
        Some(contents) if !contents.is_empty() => biggest(contents, out),
        _ => Ok(()),
    }
}

fn numbers(kernel: &Kernel, out: &mut Output) -> Result<()> {
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
    Ok(())
}

fn mounts(kernel: &Kernel, out: &mut Output) -> Result<()> {
    if kernel.mounts.is_empty() {
        return out.line("\nno image is mounted");
    }
    out.line("")?;
    let header = [
        "image",
        "mounted on",
        "domain",
        "shared files",
        "failovers",
        "errors",
        "by readers",
        "by workers",
    ];
    let mut table = Table::new(3, header);
    for mount in &kernel.mounts {
        table.row(row(mount));
    }
    table.print(out)
}

/// Enough of what the kernel calls a domain.
fn short(domain: &str) -> String {
    domain.chars().take(8).collect()
}

fn domains(domains: &[Domain], out: &mut Output) -> Result<()> {
    out.line("")?;
    let header = [
        "domain",
        "share",
        "images",
        "shared files",
        "held by",
        "MiB",
        "saved",
        "lingering",
    ];
    let mut table = Table::new(2, header);
    for domain in domains {
        table.row([
            short(&domain.domain),
            domain.share.clone(),
            domain.mounts.len().to_string(),
            domain.shared_files.to_string(),
            domain.sharers.to_string(),
            mib(domain.shared_bytes),
            mib(domain.saved_bytes),
            mib(domain.lingering_bytes),
        ]);
    }
    table.print(out)
}

fn biggest(contents: &[Content], out: &mut Output) -> Result<()> {
    out.line("")?;
    let header = [
        "biggest shared files",
        "domain",
        "MiB",
        "cached",
        "held by",
        "saved",
    ];
    let mut table = Table::new(2, header);
    for content in contents {
        // Where it has no name, what identifies it on an image.
        let name = content.path.clone().or_else(|| {
            let sharer = content.sharers.first()?;
            Some(format!("{} inode {}", sharer.disk, sharer.ino))
        });
        table.row([
            name.unwrap_or_default(),
            short(&content.domain),
            mib(content.size),
            mib(content.cached_bytes),
            content.sharers.len().to_string(),
            mib(content.saved_bytes),
        ]);
    }
    table.print(out)
}

fn row(mount: &Mount) -> [String; 8] {
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
        mount.domain.as_deref().map_or("-".into(), short),
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
    let mut names = Names::default();
    loop {
        let kernel = read(&root)?;
        let mut sharing = Sharing::read(&root, &kernel, arguments.top);
        if let Some(sharing) = &mut sharing {
            names.give(&kernel, &mut sharing.biggest);
        }
        let (domains, biggest) = sharing.map(|s| (s.domains, s.biggest)).unzip();
        let status = Status {
            kernel,
            domains,
            biggest,
        };
        if arguments.json && arguments.watch.is_some() {
            // An object a line, for whoever reads on.
            out.line(serde_json::to_string(&status)?)?;
        } else if arguments.json {
            out.json(&status)?;
        } else {
            if arguments.watch.is_some() && terminal {
                out.text(CLEAR)?;
            }
            print(&status, out)?;
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
