// SPDX-License-Identifier: GPL-2.0
//! Mount options as an enemy would give them: every option in every form that fsconfig(2) has,
//! pages of junk through mount(2), and changes in any order.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, CWD};
use rustix::io::{self, Errno};
use rustix::mount::{
    fsconfig_create, fsconfig_reconfigure, fsconfig_set_binary, fsconfig_set_fd, fsconfig_set_flag,
    fsconfig_set_path, fsconfig_set_path_empty, fsconfig_set_string, fsopen, fspick, FsOpenFlags,
    FsPickFlags, MountFlags,
};

use crate::error::{outcome, Context, Result};
use crate::mounting::{block_device, detach, Mounted};
use crate::pattern::Random;

/// What an option takes.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Nothing,
    Text,
    /// What a text must be, by example.
    OneOf(&'static [&'static str]),
    /// It does not exist, or is refused whatever it says.
    Refused,
}

const OPTIONS: [(&str, Takes); 20] = [
    ("user_xattr", Takes::Nothing),
    ("nouser_xattr", Takes::Nothing),
    ("acl", Takes::Nothing),
    ("noacl", Takes::Nothing),
    ("directio", Takes::Nothing),
    ("nodirectio", Takes::Nothing),
    ("inode_share", Takes::Nothing),
    ("noinode_share", Takes::Nothing),
    ("nodomain_id", Takes::Refused),
    (
        "cache_strategy",
        Takes::OneOf(&["disabled", "readahead", "readaround"]),
    ),
    ("dax", Takes::OneOf(&["never"])),
    ("device", Takes::Text),
    ("domain_id", Takes::Text),
    (
        "fingerprint_xattr",
        Takes::OneOf(&["user.x", "trusted.x", "security.x"]),
    ),
    ("fsoffset", Takes::OneOf(&["0"])),
    ("ACL", Takes::Refused),
    ("acl ", Takes::Refused),
    ("", Takes::Refused),
    ("\u{fe}\n", Takes::Refused),
    (
        "a-name-of-many-letters-that-no-file-system-has-ever-had",
        Takes::Refused,
    ),
];

fn context(kind: &str, source: &str) -> io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, "source", source)?;
    Ok(context)
}

/// Counts what was not as it should be.
struct Faults(usize);

impl Faults {
    fn check(&mut self, what: &str, got: &str, want: &str) {
        if got != want {
            println!("# {what}: {got}, not {want}");
            self.0 += 1;
        }
    }
}

/// Every option in every form; then a context with all that was accepted is left behind.
fn forms(kind: &str, source: &str, faults: &mut Faults) -> Result<()> {
    let long = "v".repeat(255);
    let longer = "v".repeat(256);
    let page = "v".repeat(4096);
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .what(|| "open /dev/null".into())?;
    let all = context(kind, source).what(|| "fsopen".into())?;
    for (key, takes) in OPTIONS {
        let good = |right: bool| if right { "ok" } else { "EINVAL" };
        let mut form = |form: &str, right: bool, set: &dyn Fn(&OwnedFd) -> io::Result<()>| {
            let fresh = context(kind, source).and_then(|context| set(&context));
            let what = format!("{key:?} as {form}");
            faults.check(&what, &outcome(fresh), good(right));
            faults.check(&format!("{what} again"), &outcome(set(&all)), good(right));
        };
        form("a flag", takes == Takes::Nothing, &|c| {
            fsconfig_set_flag(c, key)
        });
        let values: [&[u8]; 11] = [
            b"",
            b"x",
            b"-1",
            b"0",
            b"user.",
            b"user.x",
            b"never",
            b"readahead",
            b"\xff\xfe,\n=",
            b"18446744073709551616",
            long.as_bytes(),
        ];
        for value in values {
            let right = match takes {
                Takes::Text => !value.is_empty(),
                Takes::OneOf(list) => list.iter().any(|good| good.as_bytes() == value),
                _ => false,
            };
            // Any number parses; what it must be is known when the device is.
            if key == "fsoffset" && right != (value == b"0") {
                continue;
            }
            let shown = String::from_utf8_lossy(&value[..value.len().min(20)]);
            form(&format!("{shown:?}"), right, &|c| {
                fsconfig_set_string(c, key, value)
            });
        }
        form("256 bytes", false, &|c| {
            fsconfig_set_string(c, key, &longer)
        });
        form("a page", false, &|c| fsconfig_set_string(c, key, &page));
        for blob in [&b""[..], b"\0\0\0\0", page.as_bytes()] {
            form("bytes", false, &|c| fsconfig_set_binary(c, key, blob));
        }
        form("a path", false, &|c| {
            fsconfig_set_path(c, key, "/dev/null", CWD)
        });
        form("a directory", false, &|c| {
            fsconfig_set_path_empty(c, key, null.as_fd())
        });
        form("a descriptor", false, &|c| {
            fsconfig_set_fd(c, key, null.as_fd())
        });
    }
    for again in [source, "", "/dev/null"] {
        let twice = context(kind, source).and_then(|c| fsconfig_set_string(c, "source", again));
        faults.check("a second source", &outcome(twice), "EINVAL");
    }
    Ok(())
}

/// The options that mountinfo shows, after "ro".
fn shown(dir: &Path) -> Result<String> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").what(|| "mountinfo".into())?;
    let dir = dir.to_string_lossy();
    let line = table
        .lines()
        .find(|line| line.split(' ').nth(4) == Some(&dir));
    let options = line.and_then(|line| line.split(' ').next_back());
    let options = options.ok_or("it is not mounted")?;
    Ok(options
        .trim_start_matches("ro")
        .trim_start_matches(',')
        .into())
}

/// Contradictions and repetitions: the last one counts. Then contexts that are used wrongly.
fn combined(kind: &str, image: &Path, source: &str, faults: &mut Faults) -> Result<()> {
    let many = vec!["domain_id=x,noacl"; 2000].join(",") + ",acl";
    let binary = "domain_id=\u{1}\u{2}\u{7f},inode_share";
    for (options, want) in [
        ("acl,noacl,acl", "user_xattr,acl"),
        ("noacl,acl,noacl", "user_xattr,noacl"),
        ("nouser_xattr,user_xattr,nouser_xattr", "nouser_xattr,acl"),
        (
            "cache_strategy=disabled,cache_strategy=readahead",
            "user_xattr,acl",
        ),
        ("dax=never,dax=never", "user_xattr,acl,dax=never"),
        ("directio,nodirectio", "user_xattr,acl"),
        ("domain_id=a", "user_xattr,acl"),
        (
            "inode_share,inode_share,domain_id=a,domain_id=b",
            "user_xattr,acl,inode_share",
        ),
        (binary, "user_xattr,acl,inode_share"),
        (&many, "user_xattr,acl"),
        ("inode_share", "EINVAL"),
        ("inode_share,domain_id=", "EINVAL"),
        ("domain_id=a,dax=always", "EINVAL"),
        ("domain_id=a,domain_id", "EINVAL"),
    ] {
        let got = match Mounted::attempt(kind, options, image)? {
            Ok(mounted) => {
                let shown = shown(&mounted.dir)?;
                mounted.end()?;
                shown
            }
            Err(refusal) => crate::error::name(refusal.errno),
        };
        faults.check(&options[..options.len().min(60)], &got, want);
    }

    let unset = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).what(|| "fsopen".into())?;
    faults.check("no source", &outcome(fsconfig_create(&unset)), "EINVAL");
    faults.check(
        "a failed context",
        &outcome(fsconfig_create(&unset)),
        "EBUSY",
    );
    let used = context(kind, source).what(|| "fsopen".into())?;
    fsconfig_set_flag(&used, "ro").what(|| "ro".into())?;
    faults.check("create", &outcome(fsconfig_create(&used)), "ok");
    faults.check("create again", &outcome(fsconfig_create(&used)), "EBUSY");
    faults.check(
        "set late",
        &outcome(fsconfig_set_flag(&used, "acl")),
        "EBUSY",
    );
    let unused = context(kind, source).what(|| "fsopen".into())?;
    faults.check(
        "reconfigure nothing",
        &outcome(fsconfig_reconfigure(&unused)),
        "EBUSY",
    );
    Ok(())
}

/// mount(2), where all options are one page of text.
fn old(kind: &str, source: &str, faults: &mut Faults) -> Result<()> {
    let dir = PathBuf::from("/run/options");
    std::fs::create_dir_all(&dir).what(|| "mkdir".into())?;
    let value = "v".repeat(4000);
    let full = "v".repeat(4096 - "domain_id=".len());
    let over = "v".repeat(8192);
    for (data, want) in [
        (None, "ok"),
        (Some("".to_string()), "ok"),
        (Some(",,,,".into()), "ok"),
        (Some(",".repeat(4095)), "ok"),
        (Some("acl,,noacl,".into()), "ok"),
        (Some(format!("domain_id={value}")), "ok"),
        (Some(format!("inode_share,domain_id={value}")), "ok"),
        // What is longer than a page is cut off.
        (Some(format!("domain_id={full}")), "ok"),
        (Some(format!("domain_id={over}")), "ok"),
        (Some(format!("fingerprint_xattr={value}")), "EINVAL"),
        (Some(value.clone()), "EINVAL"),
        (Some(format!("{value}=x")), "EINVAL"),
        (Some("acl,".repeat(1000) + "bogus"), "EINVAL"),
        (Some("domain_id=".into()), "EINVAL"),
        (Some("domain_id".into()), "EINVAL"),
        (Some("acl\n".into()), "EINVAL"),
        (Some("acl=\u{1}".into()), "EINVAL"),
        (Some("\u{1}\u{2}\u{3}".into()), "EINVAL"),
    ] {
        let text = data
            .map(CString::new)
            .transpose()
            .map_err(|e| e.to_string())?;
        let text: Option<&CStr> = text.as_deref();
        let got = rustix::mount::mount(source, &dir, kind, MountFlags::RDONLY, text);
        let shown = text.map_or("nothing".into(), CStr::to_string_lossy);
        let shown = shown.chars().take(40).collect::<String>();
        faults.check(&format!("mount(2) with {shown:?}"), &outcome(got), want);
        if got.is_ok() {
            let listed = std::fs::read_dir(&dir)
                .what(|| "read the root".into())?
                .count();
            faults.check("names in the root", &(listed > 0).to_string(), "true");
            detach(&dir)?;
        }
    }
    Ok(())
}

/// Reconfigurations, a few options each, in any order: what is shown follows, or nothing changes.
fn reconfigured(kind: &str, image: &Path, rounds: u64, faults: &mut Faults) -> Result<()> {
    const CHANGES: [(&str, Option<&str>); 13] = [
        ("acl", None),
        ("noacl", None),
        ("user_xattr", None),
        ("nouser_xattr", None),
        ("directio", None),
        ("inode_share", None),
        ("domain_id", Some("one")),
        ("domain_id", Some("two")),
        ("fingerprint_xattr", Some("trusted.erofs.fingerprint")),
        ("fingerprint_xattr", Some("user.other")),
        ("cache_strategy", Some("disabled")),
        ("dax", Some("always")),
        ("bogus", None),
    ];
    for start in ["", "noacl", "inode_share,domain_id=one"] {
        let mounted = Mounted::new(kind, start, image)?;
        let shares = start.contains("inode_share");
        let (mut acl, mut user) = (!start.contains("noacl"), true);
        let mut random = Random::new(start.len() as u64);
        for round in 0..rounds {
            let picked =
                fspick(CWD, &mounted.dir, FsPickFlags::FSPICK_CLOEXEC).what(|| "fspick".into())?;
            let (mut next_acl, mut next_user, mut refused) = (acl, user, false);
            let (mut domain, mut name) = ("", "");
            let mut said = Vec::new();
            for _ in 0..random.below(5) {
                let (key, value) = CHANGES[random.below(CHANGES.len() as u64) as usize];
                let set = match value {
                    None => fsconfig_set_flag(&picked, key),
                    Some(value) => fsconfig_set_string(&picked, key, value),
                };
                let bad = matches!(key, "dax" | "bogus");
                let want = if bad { "EINVAL" } else { "ok" };
                faults.check(&format!("{key} in a change"), &outcome(set), want);
                said.push(key);
                match key {
                    "acl" | "noacl" => next_acl = key == "acl",
                    "user_xattr" | "nouser_xattr" => next_user = key == "user_xattr",
                    "inode_share" => refused |= !shares,
                    "domain_id" => domain = value.unwrap_or_default(),
                    "fingerprint_xattr" => name = value.unwrap_or_default(),
                    _ => {}
                }
            }
            let same = |said: &str, now: &str| said.is_empty() || (shares && said == now);
            refused |= !same(domain, "one") || !same(name, "trusted.erofs.fingerprint");
            let done = fsconfig_reconfigure(&picked);
            let want = if refused { Err(Errno::INVAL) } else { Ok(()) };
            let what = format!("round {round} from {start:?}, {said:?}");
            faults.check(&what, &outcome(done), &outcome(want));
            if done.is_ok() {
                (acl, user) = (next_acl, next_user);
            }
            let no = |on: bool| if on { "" } else { "no" };
            let share = if shares { ",inode_share" } else { "" };
            let want = format!("{}user_xattr,{}acl{share}", no(user), no(acl));
            faults.check(&what, &shown(&mounted.dir)?, &want);
        }
        mounted.end()?;
    }
    Ok(())
}

/// One group; false if something was not as it should be.
pub(crate) fn run(group: &str, kind: &str, image: &Path, rounds: u64) -> Result<bool> {
    let (source, _loop) = block_device(image)?;
    let mut faults = Faults(0);
    match group {
        "forms" => forms(kind, &source, &mut faults),
        "combined" => combined(kind, image, &source, &mut faults),
        "old" => old(kind, &source, &mut faults),
        "reconfigured" => reconfigured(kind, image, rounds, &mut faults),
        _ => Err(format!("no group of options is named {group}")),
    }?;
    Ok(faults.0 == 0)
}
