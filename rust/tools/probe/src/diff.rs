// SPDX-License-Identifier: GPL-2.0
//! One image on two filesystems: everything that user space can see must be equal.

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{accessat, openat, Access, AtFlags, FileType, Mode, OFlags, SeekFrom, CWD};

use crate::content;
use crate::error::{name, outcome, Result};
use crate::pattern::Random;
use crate::sys;
use crate::walk::{self, Node};
use crate::{mounting::Mounted, refuse};
use std::os::fd::AsFd;

/// Everything compared, in this order.
const FACETS: &[&str] = &[
    "tree",
    "lookup",
    "seekdir",
    "read",
    "pread",
    "mmap",
    "sendfile",
    "splice",
    "errno",
    "permission",
    "seek",
    "fiemap",
    "fibmap",
    "label",
];

/// What shared files do not have, and others do.
const SHARED_LACKS: &str = "fibmap";

/// What a filesystem may leave out, with the answer by which it says so.
const OPTIONAL: &[(&str, &str)] = &[
    ("seek", "all data"),
    ("fiemap", "EOPNOTSUPP"),
    ("label", "ENOTTY"),
    (SHARED_LACKS, "EINVAL not"),
];

/// Lines of difference shown for each facet.
const SHOWN: usize = 8;

/// Mounts `image` as `subject` and as `reference` and prints "pass FACET", "fail FACET" or
/// "skip FACET REASON" for each facet, its differences before it as diagnostics. The options are
/// the subject's; what stands in the environment as BOTH is the reference's, too.
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
    let mut good = true;
    for facet in FACETS {
        let found = facet_differences(facet, &got.dir, &want.dir, &nodes)?;
        let missing = OPTIONAL.iter().find(|(name, answer)| {
            let all = !found.is_empty() && found.iter().all(|l| l.contains(answer));
            let may = *name != SHARED_LACKS || options.contains("inode_share");
            name == facet && all && may
        });
        if let Some((_, answer)) = missing {
            println!("skip {facet} {answer}");
            continue;
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

fn facet_differences(facet: &str, got: &Path, want: &Path, nodes: &[Node]) -> Result<Vec<String>> {
    Ok(match facet {
        "tree" => {
            let mut ours = vec![walk::statfs(got)?];
            ours.extend(walk::walk(got)?.into_iter().map(|n| n.line));
            let mut theirs = vec![walk::statfs(want)?];
            theirs.extend(nodes.iter().map(|n| n.line.clone()));
            lines(&ours, &theirs)
        }
        "lookup" => pairs(got, want, nodes, FileType::Directory, absent_names),
        "seekdir" => directories(nodes, |dir| cookies(&got.join(dir))),
        "errno" => lines(
            &refuse::outcomes(got, nodes),
            &refuse::outcomes(want, nodes),
        ),
        "permission" => lines(&as_user(got, nodes), &as_user(want, nodes)),
        "seek" => pairs(got, want, nodes, FileType::RegularFile, holes),
        "fiemap" => pairs(got, want, nodes, FileType::RegularFile, extents),
        "fibmap" => pairs(got, want, nodes, FileType::RegularFile, blocks),
        "label" => pairs(got, want, &nodes[..1], FileType::Directory, label),
        way => bytes(got, want, nodes, way)?,
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

/// Names beside and between the present ones: binary search has its edges there.
fn absent_names(dir: &Path) -> Vec<String> {
    let Ok(fd) = walk::open_dir(dir) else {
        return vec!["open failed".into()];
    };
    let (found, _) = walk::entries(&fd);
    let present: HashSet<&OsString> = found.iter().map(|e| &e.name).collect();
    let step = found.len().div_ceil(64).max(1);
    let mut names: Vec<Vec<u8>> = vec![vec![1], vec![0xff; 255], b"m".to_vec()];
    for entry in found.iter().step_by(step) {
        let bytes = entry.name.as_bytes();
        names.push([bytes, b"\x01"].concat());
        names.push([bytes, b"~"].concat());
        names.push(bytes[..bytes.len() - 1].to_vec());
        let mut changed = bytes.to_vec();
        changed[0] ^= 1;
        names.push(changed);
        names.push(bytes.to_vec());
    }
    let valid =
        |n: &Vec<u8>| !n.is_empty() && n.len() < 256 && !n.contains(&b'/') && !n.contains(&0);
    names
        .into_iter()
        .filter(valid)
        .map(|n| {
            let name = OsString::from_vec(n);
            let there = present.contains(&name);
            let result = outcome(rustix::fs::statat(
                &fd,
                &name,
                rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
            ));
            format!("{} {there} {result}", walk::show(&name))
        })
        .collect()
}

/// From the cookie of any entry, readdir goes on with exactly the entries behind it.
fn cookies(dir: &Path) -> Vec<String> {
    let Ok(fd) = walk::open_dir(dir) else {
        return vec!["open failed".into()];
    };
    let (all, error) = walk::entries(&fd);
    if let Some(e) = error {
        return vec![format!("readdir: {}", name(e))];
    }
    let mut found = Vec::new();
    let mut random = Random::new(all.len() as u64);
    let few = all.len() <= 40;
    let picks = if few { all.len() } else { 40 };
    for pick in 0..picks {
        let i = if few {
            pick
        } else {
            random.below(all.len() as u64) as usize
        };
        if let Err(e) = rustix::fs::seek(&fd, SeekFrom::Start(all[i].cookie)) {
            found.push(format!("seekdir {}: {}", all[i].cookie, name(e)));
            continue;
        }
        let (rest, _) = walk::entries(&fd);
        let expected = &all[i + 1..];
        let equal = rest.len() == expected.len()
            && rest
                .iter()
                .zip(expected)
                .all(|(a, b)| a.name == b.name && a.cookie == b.cookie);
        if !equal {
            found.push(format!(
                "after entry {i}: {} entries, not {}",
                rest.len(),
                expected.len()
            ));
        }
    }
    found
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
                format!(
                    "{} user {user} open={opened} exec={run}",
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

/// The data and holes that lseek finds, in one line.
fn holes(path: &Path) -> Vec<String> {
    let fd = match content::open(path) {
        Ok(fd) => fd,
        Err(e) => return vec![e],
    };
    let say = |r: rustix::io::Result<u64>| r.map_or_else(name, |at| at.to_string());
    let size = rustix::fs::seek(&fd, SeekFrom::End(0)).unwrap_or(0);
    let mut map = String::new();
    let mut at = 0;
    for _ in 0..64 {
        let data = rustix::fs::seek(&fd, SeekFrom::Data(at));
        let hole = rustix::fs::seek(&fd, SeekFrom::Hole(*data.as_ref().unwrap_or(&at)));
        if (data, hole) == (Ok(0), Ok(size)) {
            return vec!["all data".to_string()];
        }
        map.push_str(&format!("[{} {}]", say(data), say(hole)));
        match (data, hole) {
            (Ok(_), Ok(end)) => at = end,
            _ => break,
        }
    }
    vec![map]
}

fn extents(path: &Path) -> Vec<String> {
    let map = content::open(path).map(|fd| sys::fiemap(fd.as_fd()));
    vec![match map {
        Ok(Ok(map)) => format!("{map:?}").replace(' ', ""),
        Ok(Err(e)) => name(e),
        Err(e) => e,
    }]
}

/// What FIBMAP says of the first blocks, and of some that do not exist.
fn blocks(path: &Path) -> Vec<String> {
    const FIBMAP: u64 = 1;
    let Ok(fd) = content::open(path) else {
        return Vec::new();
    };
    [0, 1, 2, 7, 30, 300, i32::MAX, -1]
        .iter()
        .map(|block| (block, sys::ioctl_block(fd.as_fd(), FIBMAP, *block)))
        .map(|(block, answer)| {
            let answer = answer.map_or_else(name, |block| block.to_string());
            format!("{answer} at {block}")
        })
        .collect()
}

fn label(dir: &Path) -> Vec<String> {
    let label = walk::open_dir(dir).and_then(|fd| sys::label(fd.as_fd()));
    vec![label.map_or_else(name, |l| format!("'{}'", l.escape_ascii()))]
}

fn bytes(got: &Path, want: &Path, nodes: &[Node], way: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for node in nodes.iter().filter(|n| n.kind == FileType::RegularFile) {
        let reference = content::open(&want.join(&node.path))?;
        let golden = content::golden(&reference, node.size)?;
        if let Err(e) = content::compare(&got.join(&node.path), node.size, &golden, way) {
            found.push(e);
        }
    }
    Ok(found)
}
