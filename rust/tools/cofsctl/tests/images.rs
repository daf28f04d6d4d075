// SPDX-License-Identifier: GPL-2.0
//! What is said of images that mkfs.erofs makes of known trees.

mod common;

use std::fs;
use std::process::Stdio;

use common::{cofsctl, command, words, Work};
use sha2::{Digest, Sha256};

const STAMP: &str = "--xattr-inode-digest=trusted.erofs.fingerprint";

fn pages(bytes: u64) -> u64 {
    bytes.next_multiple_of(4096)
}

#[test]
fn superblock_and_contents() {
    let Some(work) = Work::new() else { return };
    work.tree("a", 10);
    let image = work.mkfs(&format!("-zlz4 -C16384 {STAMP} -Llabel"), "a.img", "a");
    let found = cofsctl(words(&["inspect", "--json"], &[&image])).json();
    assert_eq!(found["volume_name"], "label");
    assert_eq!(found["checksum"], "right");
    let features = found["features"].as_array().unwrap();
    assert!(features.contains(&"ishare_xattrs".into()), "{features:?}");
    assert!(features.contains(&"big_pcluster".into()), "{features:?}");
    let contents = &found["contents"];
    for (name, count) in [
        ("directories", 2),
        ("names", 9),
        ("files", 5),
        ("symlinks", 1),
        ("fingerprints", 4),
        ("bytes", 300_000 + 5000 + 20_000 + 84_000),
        ("faults", 0),
    ] {
        assert_eq!(contents[name], count, "{name}: {contents}");
    }
    let text = cofsctl(words(&["inspect"], &[&image])).with(0);
    assert!(text.contains("9: 2 directories, 5 files, 1 links, 0 special"));
}

#[test]
fn fingerprints_are_those_of_sha256sum() {
    let Some(work) = Work::new() else { return };
    let tree = work.tree("a", 10);
    let image = work.mkfs(STAMP, "a.img", "a");
    let text = cofsctl(words(&["inspect", "--fingerprints"], &[&image])).with(0);
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_by_key(|line| line[66..].to_string());
    let names = ["link", "own", "same/big", "same/small", "text"];
    assert_eq!(lines.len(), names.len(), "{text}");
    for (line, name) in lines.iter().zip(names) {
        let digest = Sha256::digest(fs::read(tree.join(name)).unwrap());
        assert_eq!(*line, format!("{digest:x}  /{name}"));
    }
}

#[test]
fn extents_cover_a_file() {
    let Some(work) = Work::new() else { return };
    work.tree("a", 10);
    for options in [
        "",
        "-zlz4",
        "-zzstd -C65536 -Efragments",
        "--chunksize=4096",
        "-b512",
        "-zlz4 -m4096",
    ] {
        let image = work.mkfs(options, "a.img", "a");
        for (file, size) in [("same/big", 300_000), ("text", 84_000)] {
            let image = image.as_path();
            let found = cofsctl(words(&["inspect", "--json", "--file", file], &[image])).json();
            assert_eq!(found["size"], size);
            let mut end = 0;
            for extent in found["extents"].as_array().unwrap() {
                assert_eq!(extent["offset"], end, "{options}: {found}");
                end += extent["len"].as_u64().unwrap();
            }
            assert_eq!(end, size, "{options}: {found}");
        }
    }
}

#[test]
fn compare_counts_pages() {
    let Some(work) = Work::new() else { return };
    work.tree("a", 10);
    work.tree("b", 11);
    let a = work.mkfs(STAMP, "a.img", "a");
    let b = work.mkfs(&format!("-zlz4hc -b1024 {STAMP}"), "b.img", "b");
    let unstamped = work.mkfs("-zzstd", "c.img", "b");
    let common = pages(300_000) + pages(5000) + pages(84_000);
    let own = pages(20_000);

    let found = cofsctl(words(&["compare", "--json", "--top=1"], &[&a, &b])).json();
    assert_eq!(found["alone_bytes"], 2 * (common + own));
    assert_eq!(found["saved_bytes"], common);
    assert_eq!(found["images"][1]["common_files"], 3);
    let biggest = found["biggest"].as_array().unwrap();
    assert_eq!(biggest.len(), 1);
    assert_eq!(biggest[0]["path"], "/same/big");

    // One without fingerprints shares nothing, and is told of; or is read, and shares all.
    let ran = cofsctl(words(&["compare", "--json"], &[&b, &unstamped]));
    assert!(ran.err.contains("no file has a fingerprint"), "{ran:?}");
    assert_eq!(ran.json()["saved_bytes"], 0);
    let read = cofsctl(words(
        &["compare", "--json", "--content"],
        &[&b, &unstamped],
    ))
    .json();
    assert_eq!(read["saved_bytes"], common + own);
    // What a limit leaves out is told.
    let arguments = words(&["compare", "--content", "--limit=0"], &[&b, &unstamped]);
    let ran = cofsctl(arguments);
    assert!(ran.err.contains("--limit"), "{ran:?}");
    ran.with(1);
}

#[test]
fn devices_and_offsets() {
    let Some(work) = Work::new() else { return };
    work.tree("a", 10);
    let options = format!("--chunksize=4096 --blobdev=blob {STAMP}");
    let image = work.mkfs(&options, "a.img", "a");
    let mut shifted = vec![0; 8192];
    shifted.extend(fs::read(&image).unwrap());
    work.write("shifted.img", &shifted);
    let plain = format!("{},device={}", image.display(), work.path("blob").display());
    let behind = format!(
        "{},fsoffset=8192,device={}",
        work.path("shifted.img").display(),
        work.path("blob").display()
    );
    let found = cofsctl(["compare", "--json", &plain, &behind]).json();
    assert_eq!(found["images"][0]["common_percent"], 100.0);
    // Two devices for one are one too many.
    let failure = cofsctl(["inspect", &format!("{plain},device=/dev/null")]).failure();
    assert!(failure.contains("extra devices"), "{failure}");
}

#[test]
fn failures_take_a_line() {
    let Some(work) = Work::new() else { return };
    work.tree("a", 10);
    let image = work.mkfs("", "a.img", "a");
    let image = image.to_str().unwrap();
    let noise = work.write("noise", &[1; 9000]);
    let failed = |arguments: &[&str], text: &str| {
        let failure = cofsctl(arguments).failure();
        assert!(failure.contains(text), "{arguments:?}: {failure}");
    };
    failed(&["inspect", "/nowhere"], "/nowhere: No such file");
    failed(&["inspect", "/"], "is a directory");
    failed(&["inspect", noise.to_str().unwrap()], "superblock");
    failed(&["inspect", "--file=nothing", image], "there is no nothing");
    failed(
        &["inspect", &format!("{image},fsoffset=x")],
        "wants a number",
    );
    failed(
        &["inspect", &format!("{image},fsoffset=100")],
        "cannot find a valid EROFS superblock",
    );
    failed(&["inspect", &format!("{image},offset=0")], "unknown option");
    // Of clap, which has its own lines.
    cofsctl(["compare", image]).with(2);
    cofsctl(["inspect", image, "--fingerprint-xattr=system.x"]).with(2);
}

#[test]
fn a_reader_that_goes_is_no_failure() {
    let Some(work) = Work::new() else { return };
    for number in 0..2000 {
        work.write(&format!("a/{}-{number}", "name".repeat(30)), b"");
    }
    let image = work.mkfs("", "a.img", "a");
    let mut child = command()
        .args(words(&["inspect", "--tree"], &[&image]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(output.stderr, b"");
}
