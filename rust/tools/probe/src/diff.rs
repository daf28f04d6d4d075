// SPDX-License-Identifier: GPL-2.0
//! One image on two filesystems: everything that user space can see must be equal.

mod attributes;
mod calls;
mod direct;
mod handles;
mod maps;
mod names;

use std::collections::HashSet;
use std::path::Path;

use rustix::fs::{
    accessat, lgetxattr, llistxattr, openat, Access, AtFlags, FileType, Mode, OFlags, CWD,
};

use crate::content::{self, Window};
use crate::error::{outcome, Result};
use crate::sys;
use crate::walk::{self, Node};
use crate::{mounting::Mounted, refuse};

/// Everything compared, in this order.
const FACETS: &[&str] = &[
    "tree",
    "lookup",
    "seekdir",
    "attributes",
    "read",
    "readv",
    "pread",
    "mmap",
    "sendfile",
    "splice",
    "sizes",
    "strides",
    "advice",
    "threads",
    "direct",
    "errno",
    "calls",
    "handles",
    "permission",
    "seek",
    "fiemap",
    "fibmap",
    "label",
];

/// As many files are read by threads.
const THREADED: usize = 200;

/// Lines of difference shown for each facet.
const SHOWN: usize = 8;

/// Mounts `image` as `subject` and as `reference` and prints "pass FACET" or "fail FACET" for
/// each facet, its differences before it as diagnostics. The options are the subject's; what
/// stands in the environment as BOTH is the reference's, too.
pub(crate) fn run(
    subject: &str,
    reference: &str,
    options: &str,
    image: &Path,
    devices: &[&str],
) -> Result<bool> {
    let both = std::env::var("BOTH").unwrap_or_default();
    let mount = |kind: &str, options: &str| {
        let mounted = Mounted::with_devices(kind, &format!("{both},{options}"), image, devices)?;
        mounted.map_err(|refusal| format!("mount {kind} {}: {refusal}", image.display()))
    };
    let want = mount(reference, "")?;
    let got = mount(subject, options)?;
    let nodes = walk::walk(&want.dir)?;
    let golden = golden(&want.dir, &nodes)?;
    let mut good = true;
    // All of them, unless some are named.
    let wanted = std::env::var("FACETS").ok();
    let wanted = |facet: &&&str| {
        let named = wanted.as_ref();
        named.is_none_or(|named| named.split(' ').any(|name| name == **facet))
    };
    for facet in FACETS.iter().filter(wanted) {
        let mut found = facet_differences(facet, &got.dir, &want.dir, &nodes, &golden)?;
        if *facet == "fibmap" {
            found.retain(|line| !known_of_fibmap(options, line));
        }
        for line in found.iter().take(SHOWN) {
            println!("# {line}");
        }
        if found.len() > SHOWN {
            println!("# ... {} more", found.len() - SHOWN);
        }
        good &= found.is_empty();
        println!("{} {facet}", if found.is_empty() { "pass" } else { "fail" });
    }
    Ok(good)
}

/// Shared files have no blocks of one device.
fn known_of_fibmap(options: &str, line: &str) -> bool {
    options.contains("inode_share") && line.contains("EINVAL not")
}

fn facet_differences(
    facet: &str,
    got: &Path,
    want: &Path,
    nodes: &[Node],
    golden: &[Golden<'_>],
) -> Result<Vec<String>> {
    Ok(match facet {
        "tree" => {
            let mut ours = vec![walk::statfs(got)?];
            ours.extend(walk::walk(got)?.into_iter().map(|n| n.line));
            let mut theirs = vec![walk::statfs(want)?];
            theirs.extend(nodes.iter().map(|n| n.line.clone()));
            lines(&ours, &theirs)
        }
        "lookup" => pairs(got, want, nodes, FileType::Directory, names::absent),
        "seekdir" => {
            let mut found = directories(nodes, |dir| names::cookies(&got.join(dir)));
            let positions = names::positions;
            found.extend(pairs(got, want, nodes, FileType::Directory, positions));
            found
        }
        "attributes" => both(got, want, nodes, attributes::outcomes),
        "direct" => direct::differences(got, want, nodes),
        "calls" => both(got, want, nodes, calls::outcomes),
        "handles" => both(got, want, nodes, handles::outcomes),
        "errno" => both(got, want, nodes, refuse::outcomes),
        "permission" => both(got, want, nodes, as_user),
        "seek" => pairs(got, want, nodes, FileType::RegularFile, maps::holes),
        "fiemap" => pairs(got, want, nodes, FileType::RegularFile, maps::extents),
        "fibmap" => pairs(got, want, nodes, FileType::RegularFile, maps::blocks),
        "label" => pairs(got, want, &nodes[..1], FileType::Directory, maps::label),
        "threads" => {
            let known = golden.iter().map(|(n, w)| (&*n.path, n.size, &w[..]));
            let known: Vec<_> = known.take(THREADED).collect();
            content::by_threads(got, &known).err().into_iter().collect()
        }
        way => bytes(got, golden, way),
    })
}

fn lines(ours: &[String], theirs: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    if ours.len() != theirs.len() {
        found.push(format!("{} lines, not {}", ours.len(), theirs.len()));
    }
    for (got, want) in ours.iter().zip(theirs).filter(|(a, b)| a != b) {
        // The first words that differ say more than two lines of attributes.
        let head = want.split(' ').next().unwrap_or_default();
        let differ = got.split(' ').zip(want.split(' ')).filter(|(a, b)| a != b);
        let words: Vec<String> = differ
            .take(4)
            .map(|(a, b)| format!("{a} not {b}"))
            .collect();
        found.push(format!(
            "{head}: {} ({} and {} bytes)",
            words.join(", "),
            got.len(),
            want.len()
        ));
    }
    found
}

/// Compares what `describe` says of the whole tree on both mounts.
fn both(
    got: &Path,
    want: &Path,
    nodes: &[Node],
    describe: fn(&Path, &[Node]) -> Vec<String>,
) -> Vec<String> {
    lines(&describe(got, nodes), &describe(want, nodes))
}

/// Compares what `describe` says of every node of one kind on both mounts.
fn pairs(
    got: &Path,
    want: &Path,
    nodes: &[Node],
    kind: FileType,
    describe: fn(&Path) -> Vec<String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for node in nodes.iter().filter(|n| n.kind == kind) {
        let differences = lines(
            &describe(&got.join(&node.path)),
            &describe(&want.join(&node.path)),
        );
        let at = walk::show(node.path.as_os_str());
        found.extend(differences.into_iter().map(|d| format!("{at}: {d}")));
    }
    found
}

fn directories(nodes: &[Node], check: impl Fn(&Path) -> Vec<String>) -> Vec<String> {
    let dirs = nodes.iter().filter(|n| n.kind == FileType::Directory);
    dirs.flat_map(|n| {
        let at = walk::show(n.path.as_os_str());
        check(&n.path)
            .into_iter()
            .map(move |d| format!("{at}: {d}"))
    })
    .collect()
}

/// What users without capabilities may open, list and enter: modes and ACLs at work.
fn as_user(root: &Path, nodes: &[Node]) -> Vec<String> {
    let one = |user: u32| {
        sys::become_user(user);
        let judged = nodes
            .iter()
            .take(400)
            .filter(|n| n.kind != FileType::Symlink)
            .map(|n| {
                let path = root.join(&n.path);
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let opened = outcome(openat(CWD, &path, flags, Mode::empty()));
                let run = outcome(accessat(CWD, &path, Access::EXEC_OK, AtFlags::EACCESS));
                let quiet = outcome(openat(CWD, &path, flags | OFlags::NOATIME, Mode::empty()));
                let list = llistxattr(&path, &mut [0u8; 0][..]);
                let value = ["user.common", "trusted.overlay.opaque"]
                    .map(|name| outcome(lgetxattr(&path, name, &mut [0u8; 64][..])));
                format!(
                    "{} user {user} open={opened} quiet={quiet} exec={run} list={list:?} {value:?}",
                    walk::show(n.path.as_os_str())
                )
            });
        judged.collect::<Vec<_>>()
    };
    // A thread for each user: the change of credentials ends with it.
    std::thread::scope(|scope| {
        let threads: Vec<_> = [1000, 2000].map(|u| scope.spawn(move || one(u))).into();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap_or_default())
            .collect()
    })
}

/// A regular file and what the reference reads of it.
type Golden<'a> = (&'a Node, Vec<Window>);

/// Of a file with many names only the first.
fn golden<'a>(want: &Path, nodes: &'a [Node]) -> Result<Vec<Golden<'a>>> {
    let mut seen = HashSet::new();
    let files = nodes.iter().filter(|n| n.kind == FileType::RegularFile);
    files
        .filter(|node| {
            let number = node.line.split(' ').find(|word| word.starts_with("ino="));
            node.line.contains(" nlink=1 ") || seen.insert(number)
        })
        .map(|node| {
            let reference = content::open(&want.join(&node.path))?;
            Ok((node, content::golden(&reference, node.size)?))
        })
        .collect()
}

fn bytes(got: &Path, golden: &[Golden<'_>], way: &str) -> Vec<String> {
    golden
        .iter()
        .filter_map(|(node, windows)| {
            content::compare(&got.join(&node.path), node.size, windows, way).err()
        })
        .collect()
}
