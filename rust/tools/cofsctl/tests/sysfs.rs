// SPDX-License-Identifier: GPL-2.0
//! What is made of the kernel's numbers, from a directory that has some.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::Path;
use std::process::Stdio;

use common::{cofsctl, command};
use tempfile::TempDir;

fn kernel() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (name, text) in [
        ("adoptions", "7\n"),
        ("shared_pages", "1024\n"),
        ("saved_bytes", "4194304\n"),
        ("shared_inodes", "12\n"),
        ("sharers", "24\n"),
        ("linger_mb", "-1\n"),
        ("something_new", "5\n"),
        ("features/48bit", "supported\n"),
        ("vda/shared_inodes", "12\n"),
        ("vda/errors", "0\n"),
        ("vda/domain", "1234567890123456\n"),
        ("vda/share", "claim\n"),
        ("0:45/domain", "1234567890123456\n"),
        ("0:45/share", "claim\n"),
        ("vdb/domain", "none\n"),
        ("vdb/share", "none\n"),
        ("0:45/shared_inodes", "12\n"),
        ("0:45/errors", "3\n"),
    ] {
        put(&format!("sys/fs/cofs/{name}"), text);
    }
    let a = "domain=1234567890123456 content";
    let b = "domain=aaaaaaaaaaaaaaaa content";
    put(
        "sys/kernel/debug/cofs/sharers",
        &format!(
            "sha256:0a {a}=1 size=5000 pages=2 claim image=vda nid=36 ino=36\n\
             sha256:0a {a}=1 size=5000 pages=2 claim image=0:45 nid=40 ino=40\n\
             sha256:0b {a}=2 size=9000 pages=3 claim image=vda nid=50 ino=50\n\
             sha256:0c {b}=3 size=90000 pages=20 verified image=vdc nid=51 ino=51\n\
             sha256:0c {b}=3 size=90000 pages=20 verified image=vdc nid=52 ino=52\n\
             sha256:0d {b}=4 size=9000 pages=3 verified lingers\n\
             from another version\n"
        ),
    );
    put(
        "proc/self/mountinfo",
        "22 1 0:20 / /proc rw shared:5 - proc proc rw\n\
         36 1 254:0 / /a\\040b ro,relatime shared:1 - cofs /dev/vda ro,user_xattr\n\
         37 1 0:45 / /c ro - cofs /img ro\n\
         38 1 0:45 / /d ro master:2 - cofs /img ro\n",
    );
    let block = dir.path().join("sys/dev/block");
    fs::create_dir_all(&block).unwrap();
    symlink("../../devices/virtual/block/vda", block.join("254:0")).unwrap();
    dir
}

fn at<'a>(command: &'a str, dir: &'a Path) -> Vec<&'a str> {
    vec![command, "--root", dir.to_str().unwrap()]
}

#[test]
fn status() {
    let dir = kernel();
    let text = cofsctl(at("status", dir.path())).with(0);
    assert!(text.contains("saved      4.00 MiB"), "{text}");
    assert!(text.contains("shared     4.00 MiB"), "{text}");
    assert!(text.contains("/c and 1 more"), "{text}");
    let mut arguments = at("status", dir.path());
    arguments.push("--json");
    let found = cofsctl(arguments).json();
    assert_eq!(found["numbers"]["adoptions"], 7);
    assert_eq!(found["mounts"][0]["disk"], "0:45");
    assert_eq!(found["mounts"][1]["directories"][0], "/a b");
    assert_eq!(found["mounts"].as_array().unwrap().len(), 3);
    assert_eq!(found["mounts"][2]["domain"], serde_json::Value::Null);
}

#[test]
fn domains_and_the_biggest_files() {
    let dir = kernel();
    let mut arguments = at("status", dir.path());
    let text = cofsctl(&arguments).with(0);
    assert!(text.contains("vda    /a b           12345678 "), "{text}");
    assert!(text.contains("\nvda inode 36 "), "{text}");
    arguments.extend(["--json", "--top", "2"]);
    let found = cofsctl(&arguments).json();
    let domains = found["domains"].as_array().unwrap();
    assert_eq!(domains.len(), 2, "{found}");
    assert_eq!(domains[0]["share"], "verify");
    assert_eq!(domains[0]["saved_bytes"], 20 * 4096);
    assert_eq!(domains[0]["lingering_bytes"], 3 * 4096);
    assert_eq!(domains[0]["mounts"].as_array().unwrap().len(), 0);
    assert_eq!(domains[1]["domain"], "1234567890123456");
    assert_eq!(domains[1]["mounts"], serde_json::json!(["0:45", "vda"]));
    assert_eq!(domains[1]["shared_files"], 1);
    assert_eq!(domains[1]["sharers"], 3);
    assert_eq!(domains[1]["shared_bytes"], 2 * 4096);
    let biggest = found["biggest"].as_array().unwrap();
    assert_eq!(biggest.len(), 2, "{found}");
    assert_eq!(biggest[0]["fingerprint"], "sha256:0c");
    assert_eq!(biggest[1]["sharers"][1]["ino"], 40);
    // Without debugfs nothing of it is there, and that is said.
    fs::remove_dir_all(dir.path().join("sys/kernel")).unwrap();
    let text = cofsctl(at("status", dir.path())).with(0);
    assert!(text.contains("root sees them"), "{text}");
    assert!(cofsctl(&arguments).json()["domains"].is_null());
}

#[test]
fn status_goes_on_as_long_as_it_is_read() {
    let dir = kernel();
    let mut child = command()
        .args(at("status", dir.path()))
        .args(["--watch=1", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let line = lines.next().unwrap().unwrap();
        let found: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(found["numbers"]["sharers"], 24);
    }
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(141));
}

#[test]
fn metrics() {
    let dir = kernel();
    let text = cofsctl(at("metrics", dir.path())).with(0);
    for line in [
        "cofs_loaded 1",
        "# TYPE cofs_adoptions_total counter",
        "cofs_adoptions_total 7",
        "# TYPE cofs_shared_bytes gauge",
        "cofs_shared_bytes 4194304",
        "cofs_linger_limit_bytes +Inf",
        "cofs_something_new 5",
        "cofs_image_errors_total{disk=\"0:45\"} 3",
        "cofs_image_mounts{disk=\"0:45\"} 2",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    // Each metric is told of once, before its values, which follow each other.
    let mut last = String::new();
    let mut seen = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            last = rest.split(' ').next().unwrap().into();
            assert!(!seen.contains(&last), "{last}");
            seen.push(last.clone());
        } else if !line.starts_with('#') {
            assert_eq!(line.split(['{', ' ']).next(), Some(&*last));
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        }
    }
    // A file comes with a new name, which is then another's place.
    let file = dir.path().join("cofs.prom");
    fs::write(&file, "old").unwrap();
    let mut arguments = at("metrics", dir.path());
    let name = file.to_str().unwrap();
    arguments.extend(["--output", name]);
    let before = fs::File::open(&file).unwrap();
    cofsctl(&arguments).with(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert_eq!(std::io::read_to_string(before).unwrap(), "old");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o644
    );
    let beside = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(beside, 3, "sys, proc, and the file");
}

#[test]
fn without_the_module() {
    let dir = tempfile::tempdir().unwrap();
    let failure = cofsctl(at("status", dir.path())).failure();
    assert!(failure.contains("is the module loaded"), "{failure}");
    let text = cofsctl(at("metrics", dir.path())).with(0);
    assert!(text.ends_with("cofs_loaded 0\n"), "{text}");
    let mut arguments = at("metrics", dir.path());
    arguments.extend(["--output", "/nowhere/cofs.prom"]);
    cofsctl(arguments).failure();
}
