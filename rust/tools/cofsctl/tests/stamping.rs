// SPDX-License-Identifier: GPL-2.0
//! Trees and archives that were stamped, by the images that mkfs.erofs then makes of them, and what
//! `verify` says of these.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{bytes, cofsctl, words, Work};

/// Where attributes of this space can be set here, it is the one that mounts look for.
fn xattr(work: &Work) -> &'static str {
    let probe = work.write("probe/file", b"x");
    let dir = probe.parent().unwrap();
    match cofsctl(words(&["stamp"], &[dir])).status {
        Some(0) => "trusted.erofs.fingerprint",
        _ => "user.fingerprint",
    }
}

fn verified(image: &Path, xattr: &str) -> serde_json::Value {
    let name = format!("--fingerprint-xattr={xattr}");
    cofsctl(words(&["verify", "--json", &name], &[image])).json()
}

/// Archives a tree.
fn archive(work: &Work, tree: &str, options: &[&str]) -> std::path::PathBuf {
    let path = work.path("tree.tar");
    let status = Command::new("tar")
        .args(["--create", "--sort=name", "--file"])
        .arg(&path)
        .args(options)
        .arg("--directory")
        .arg(work.path(tree))
        .arg(".")
        .status()
        .unwrap();
    assert!(status.success());
    path
}

#[test]
fn a_tree() {
    let Some(work) = Work::new() else { return };
    let tree = work.tree("a", 10);
    let xattr = xattr(&work);
    let option = format!("--xattr={xattr}");
    let said = cofsctl(words(&["stamp", &option], &[&tree])).with(0);
    assert!(
        said.contains("4 files") && said.contains("; 0 had"),
        "{said}"
    );
    let found = verified(&work.mkfs("-zlz4", "a.img", "a"), xattr);
    assert_eq!(found["fingerprints_right"], 4, "{found}");
    // The empty file has none.
    assert_eq!(found["without_fingerprint"], 1, "{found}");
    // Once more, and nothing is to be done; a file that changed gets another.
    let said = cofsctl(words(&["stamp", &option], &[&tree])).with(0);
    assert!(said.contains("; 4 had"), "{said}");
    fs::write(tree.join("text"), b"no play").unwrap();
    let image = work.mkfs("", "b.img", "a");
    let name = format!("--fingerprint-xattr={xattr}");
    let ran = cofsctl(words(&["verify", &name], &[&image]));
    assert!(ran.err.contains("/text: claims to be sha256:"), "{ran:?}");
    ran.with(1);
    let said = cofsctl(words(&["stamp", &option], &[&tree])).with(0);
    assert!(said.contains("; 3 had"), "{said}");
    let found = verified(&work.mkfs("", "c.img", "a"), xattr);
    assert_eq!(found["fingerprints_right"], 4, "{found}");
}

#[test]
fn archives() {
    let Some(work) = Work::new() else { return };
    let tree = work.tree("a", 10);
    let long = "long".repeat(40);
    work.write(&format!("a/{long}/{long}"), &bytes(20, 700));
    work.write("a/ü\n", &bytes(21, 10_000));
    for options in [
        &["--format=posix"][..],
        &["--format=gnu"],
        &["--format=ustar", "--exclude=long*"],
    ] {
        let plain = archive(&work, "a", options);
        let stamped = work.path("stamped.tar");
        let mut arguments = words(&["stamp", "--output"], &[&stamped]);
        arguments.push(plain.as_os_str());
        cofsctl(arguments).with(0);
        let image = work.mkfs("--tar=f", "tar.img", "stamped.tar");
        let found = verified(&image, "trusted.erofs.fingerprint");
        let long = u64::from(options[0] != "--format=ustar");
        assert_eq!(
            found["fingerprints_right"],
            5 + long,
            "{options:?}: {found}"
        );
        assert_eq!(found["without_fingerprint"], 1, "{options:?}: {found}");
        // What others unpack of it is what it was.
        let out = work.path("out");
        fs::create_dir_all(&out).unwrap();
        let mut unpack = Command::new("tar");
        unpack.arg("--extract").arg("--file").arg(&stamped);
        assert!(unpack
            .arg("--directory")
            .arg(&out)
            .status()
            .unwrap()
            .success());
        let mut diff = Command::new("diff");
        diff.args(["--recursive", "--no-dereference", "--exclude=long*"]);
        assert!(diff.arg(&tree).arg(&out).status().unwrap().success());
        fs::remove_dir_all(&out).unwrap();
        // Stamping what is stamped changes nothing, also where it is.
        let once = fs::read(&stamped).unwrap();
        let said = cofsctl(words(&["stamp"], &[&stamped])).with(0);
        assert!(said.contains(&format!("; {} had", 5 + long)), "{said}");
        assert!(fs::read(&stamped).unwrap() == once, "{options:?}");
    }
}

#[test]
fn sparse_files_are_left_out() {
    use std::os::unix::fs::FileExt;
    let Some(work) = Work::new() else { return };
    work.write("a/plain", &bytes(1, 100));
    let sparse = fs::File::create(work.path("a/sparse")).unwrap();
    // More pieces than a header has room for.
    for piece in 0..40 {
        sparse.write_all_at(b"far", piece << 20).unwrap();
    }
    for options in [
        &["--format=posix", "--sparse"][..],
        &["--format=posix", "--sparse", "--sparse-version=0.1"],
        &["--format=gnu", "--sparse"],
    ] {
        let path = archive(&work, "a", options);
        let ran = cofsctl(words(&["stamp"], &[&path]));
        assert!(ran.err.contains("sparse: left without"), "{ran:?}");
        assert!(ran.with(1).contains("1 files"), "{options:?}");
        let mut compare = Command::new("tar");
        compare.arg("--compare").arg("--file").arg(&path);
        let status = compare.arg("--directory").arg(work.path("a")).status();
        assert!(status.unwrap().success(), "{options:?}");
    }
}

#[test]
fn what_is_no_archive_stays() {
    let Some(work) = Work::new() else { return };
    work.tree("a", 10);
    let path = archive(&work, "a", &["--format=posix"]);
    let whole = fs::read(&path).unwrap();
    let half = work.write("half.tar", &whole[..whole.len() / 2]);
    let noise = work.write("noise.tar", &bytes(1, 4096));
    for (file, text) in [(&half, "ends early"), (&noise, "is no tar archive")] {
        let before = fs::read(file).unwrap();
        let failure = cofsctl(words(&["stamp"], &[file])).failure();
        assert!(failure.contains(text), "{failure}");
        assert!(fs::read(file).unwrap() == before);
    }
    assert!(!work.path("half.tar.stamping").exists());
    // Broken in any place: an answer, in time.
    let mut random = cofs_reader::Random::new(1);
    for _ in 0..100 {
        let mut broken = whole.clone();
        for _ in 0..1 + random.below(3) {
            let at = random.below(broken.len() as u64 / 512) as usize * 512;
            let at = at + random.below(512) as usize;
            broken[at] = b"0179\0 \x80\xff"[random.below(8) as usize];
            let header = &mut broken[at / 512 * 512..][..512];
            if random.below(2) == 0 {
                // As if that were meant.
                header[148..156].fill(b' ');
                let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
                header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
        }
        let ran = cofsctl(words(&["stamp"], &[&work.write("broken.tar", &broken)]));
        assert!(matches!(ran.status, Some(0 | 2)), "{ran:?}");
    }
}

#[test]
fn verify_finds_what_is_damaged() {
    let Some(work) = Work::new() else { return };
    work.tree("a", 10);
    let options = "-zlz4 --xattr-inode-digest=trusted.erofs.fingerprint";
    let image = work.mkfs(options, "a.img", "a");
    assert_eq!(verified(&image, "user.x")["fingerprints_right"], 4);
    let sound = fs::read(&image).unwrap();
    let found = cofsctl(words(&["inspect", "--json", "--file=same/big"], &[&image])).json();
    let at = found["extents"][0]["pos"].as_u64().unwrap() as usize;
    let mut damaged = sound.clone();
    damaged[at + 5000] ^= 1;
    let path = work.write("damaged.img", &damaged);
    let ran = cofsctl(words(&["verify"], &[&path]));
    assert!(ran.err.contains("/same/big: "), "{ran:?}");
    ran.with(1);
    // The checksum of the superblock.
    let mut damaged = sound.clone();
    damaged[1024 + 64] ^= 1;
    let path = work.write("damaged.img", &damaged);
    let ran = cofsctl(words(&["verify"], &[&path]));
    assert!(ran.err.contains("checksum"), "{ran:?}");
    ran.with(1);
    // Cut off.
    let path = work.write("damaged.img", &sound[..sound.len() - 8192]);
    cofsctl(words(&["verify"], &[&path])).with(1);
}
