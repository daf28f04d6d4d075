// SPDX-License-Identifier: GPL-2.0
//! The program as others run it, and images to run it on.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The output of a run that must have ended so.
    pub(crate) fn with(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{self:?}");
        self.out
    }

    /// The single line on stderr of a run that must have failed.
    pub(crate) fn failure(self) -> String {
        assert_eq!(self.status, Some(2), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        self.err
    }

    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.with(0)).unwrap()
    }
}

pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cofsctl"))
}

pub(crate) fn cofsctl<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    ran(command().args(arguments))
}

/// Runs a command that must end by itself within a minute.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = gather(child.stdout.take().unwrap());
    let err = gather(child.stderr.take().unwrap());
    let status = wait(&mut child);
    Ran {
        status,
        out: out.join().unwrap(),
        err: err.join().unwrap(),
    }
}

/// Reads all of a pipe, so that nobody waits for room in it.
fn gather(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it did not end within a minute");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A directory with trees and images in it.
pub(crate) struct Work(TempDir);

impl Work {
    /// `None` on a machine without mkfs.erofs.
    pub(crate) fn new() -> Option<Self> {
        if Command::new("mkfs.erofs").arg("-V").output().is_err() {
            println!("skipped: there is no mkfs.erofs");
            return None;
        }
        Some(Self(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A tree whose files are known by `seed`, but for those in `same`.
    pub(crate) fn tree(&self, name: &str, seed: u64) -> PathBuf {
        let write = |file: &str, bytes: &[u8]| self.write(&format!("{name}/{file}"), bytes);
        write("same/big", &bytes(1, 300_000));
        write("same/small", &bytes(2, 5000));
        write("same/empty", b"");
        write("own", &bytes(seed, 20_000));
        write("text", &b"all work and no play ".repeat(4000));
        fs::hard_link(
            self.path(&format!("{name}/own")),
            self.path(&format!("{name}/link")),
        )
        .unwrap();
        symlink("own", self.path(&format!("{name}/symlink"))).unwrap();
        self.path(name)
    }

    /// An image of a tree; options have no spaces in them.
    pub(crate) fn mkfs(&self, options: &str, image: &str, tree: &str) -> PathBuf {
        let output = Command::new("mkfs.erofs")
            .args(["--quiet", "-T1700000000"])
            .args(options.split_whitespace())
            .args([image, tree])
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{options}: {output:?}");
        self.path(image)
    }
}

/// Bytes that do not compress.
pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut random = cofs_reader::Random::new(seed);
    (0..len).map(|_| random.next() as u8).collect()
}

/// Words of a command line.
pub(crate) fn words<'a>(first: &[&'a str], paths: &[&'a Path]) -> Vec<&'a OsStr> {
    let paths = paths.iter().map(|path| path.as_os_str());
    first
        .iter()
        .map(|&word| OsStr::new(word))
        .chain(paths)
        .collect()
}
