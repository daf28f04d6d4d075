// SPDX-License-Identifier: GPL-2.0
//! Damaged images on two filesystems: neither may fall, and both should say the same.

use std::ops::Range;
use std::path::{Path, PathBuf};

use cofs_reader::mutate::{mutate, Regions};

use crate::against;
use crate::error::{name, Context, Result};
use crate::manifest;
use crate::mounting::Mounted;

const SUPER: usize = 1024;
/// As much of either end of a file is read, whatever size it claims.
pub(crate) const PIECE: u64 = 64 << 10;

#[derive(PartialEq)]
pub(crate) enum Seen {
    Refused(String),
    Tree(Vec<String>),
}

/// How this filesystem's answer relates to the reference's.
#[derive(PartialEq, PartialOrd, Clone, Copy, Debug)]
pub(crate) enum Verdict {
    Same,
    /// An error where the reference gives an answer.
    Stricter,
    /// An answer where the reference gives an error.
    Laxer,
    /// Another answer, or another error.
    Different,
}

/// Prints "pass CASE" or "fail CASE" for each of a list of faults; only equality passes.
pub(crate) fn known(subject: &str, reference: &str, image: &Path) -> Result<bool> {
    let whole = std::fs::read(image).what(|| format!("read {}", image.display()))?;
    let copy = Copy::new();
    let mut good = true;
    for (case, bytes) in cases(&whole)? {
        copy.write(&bytes)?;
        let (verdict, text) = judge(subject, reference, &copy.path)?;
        if verdict != Verdict::Same {
            println!("# {case}: {verdict:?}: {text}");
        }
        good &= verdict == Verdict::Same;
        println!(
            "{} {case}",
            if verdict == Verdict::Same {
                "pass"
            } else {
                "fail"
            }
        );
    }
    Ok(good)
}

/// How many cases `known` goes through.
pub(crate) fn count(image: &Path) -> Result<()> {
    let whole = std::fs::read(image).what(|| format!("read {}", image.display()))?;
    println!("{}", cases(&whole)?.len());
    Ok(())
}

/// Writes a copy of `image` with the known fault `case`.
pub(crate) fn one(image: &Path, copy: &Path, case: &str) -> Result<()> {
    let whole = std::fs::read(image).what(|| format!("read {}", image.display()))?;
    let mut cases = cases(&whole)?.into_iter();
    let (_, bytes) = cases
        .find(|(name, _)| name == case)
        .ok_or_else(|| format!("no case {case}"))?;
    std::fs::write(copy, bytes).what(|| format!("write {}", copy.display()))
}

/// Copies an image with the byte at `offset` inverted.
pub(crate) fn corrupt(image: &Path, copy: &Path, offset: u64) -> Result<()> {
    let mut bytes = std::fs::read(image).what(|| format!("read {}", image.display()))?;
    let byte = bytes
        .get_mut(offset as usize)
        .ok_or("the offset is beyond the image")?;
    *byte ^= 0xff;
    std::fs::write(copy, bytes).what(|| format!("write {}", copy.display()))
}

/// Writes the mutant of a seed.
pub(crate) fn mutant(image: &Path, copy: &Path, seed: u64) -> Result<()> {
    let whole = manifest::read(image)?;
    let bytes = mutate(&whole, &Regions::of(&whole), seed);
    std::fs::write(copy, bytes).what(|| format!("write {}", copy.display()))
}

/// Prints how many mutants fared how, against the reference reader, and against `reference`
/// unless that is "none". Fails on those that were laxer or different.
pub(crate) fn seeded(
    subject: &str,
    reference: &str,
    image: &Path,
    devices: &[&str],
    seeds: Range<u64>,
) -> Result<bool> {
    let whole = manifest::read(image)?;
    let bytes = manifest::read_all(devices)?;
    let extra: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    let copy = Copy::new();
    let mut judges = vec![Tally::new("reader")];
    if reference != "none" {
        judges.push(Tally::new(reference));
    }
    let intact = manifest::of_devices(&whole, &extra, PIECE);
    let regions = Regions::of(&whole);
    println!("structures: {}", regions.summary());
    let (mut refused, mut changed, mut mounted, mut alike) = (0, 0, 0, 0);
    for seed in seeds {
        let mutant = mutate(&whole, &regions, seed);
        let read = manifest::of_devices(&mutant, &extra, PIECE);
        match &read {
            Seen::Refused(_) => refused += 1,
            Seen::Tree(_) => {
                mounted += 1;
                changed += u32::from(read != intact);
            }
        }
        copy.write(&mutant)?;
        let ours = look_with(subject, &copy.path, devices)?;
        for judge in &mut judges {
            let (verdict, text) = if judge.name == "reader" {
                let verdict =
                    against::reader(&ours, &read, regions.streams_differ(&whole, &mutant));
                let mounts = matches!(ours, Seen::Tree(_));
                alike += u32::from(mounts && verdict.0 == Verdict::Same);
                verdict
            } else {
                compare(&ours, &look_with(reference, &copy.path, devices)?)
            };
            judge.count(seed, verdict, &text);
        }
    }
    println!("the reader sees: refused={refused} changed={changed}");
    println!("alike={alike} of {mounted}");
    let good = |good, judge: &Tally<'_>| judge.report() && good;
    Ok(judges.iter().fold(true, good))
}

/// Compares the reference reader with `reference` on an intact image and its extra devices.
pub(crate) fn reader(reference: &str, image: &Path, devices: &[&str]) -> Result<bool> {
    let ours = look_with(reference, image, devices)?;
    let theirs = manifest::of_file(image, devices, PIECE)?;
    let (verdict, text) = against::reader(&ours, &theirs, false);
    if verdict != Verdict::Same {
        println!("{}: {verdict:?}: {text}", image.display());
    }
    Ok(verdict == Verdict::Same)
}

/// The verdicts by one reference.
struct Tally<'a> {
    name: &'a str,
    counts: [u32; 4],
}

impl Tally<'_> {
    fn new(name: &str) -> Tally<'_> {
        Tally {
            name,
            counts: [0; 4],
        }
    }

    fn count(&mut self, seed: u64, verdict: Verdict, text: &str) {
        self.counts[verdict as usize] += 1;
        if verdict != Verdict::Same {
            println!("# mutant {seed}, by {}: {verdict:?}: {text}", self.name);
        }
    }

    fn report(&self) -> bool {
        let [same, stricter, laxer, different] = self.counts;
        println!(
            "by {}: same={same} stricter={stricter} laxer={laxer} different={different}",
            self.name
        );
        laxer + different == 0
    }
}

/// The image file that is damaged anew for every case.
pub(crate) struct Copy {
    pub(crate) path: PathBuf,
}

impl Copy {
    pub(crate) fn new() -> Copy {
        Copy {
            path: PathBuf::from(format!("/run/probe-{}.img", std::process::id())),
        }
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> Result<()> {
        std::fs::write(&self.path, bytes).what(|| format!("write {}", self.path.display()))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The superblock and the root directory: changes of which each breaks one rule.
fn cases(whole: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut cases = Vec::new();
    let mut change = |case: &str, at: usize, bytes: &[u8]| {
        let mut image = whole.to_vec();
        if let Some(place) = image.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        cases.push((case.to_string(), image));
    };
    change("magic", SUPER, &[0; 4]);
    change("block-bits-8", SUPER + 12, &[8]);
    change("block-bits-13", SUPER + 12, &[13]);
    change("block-bits-255", SUPER + 12, &[255]);
    change("extension-slots", SUPER + 13, &[255]);
    change("root-nid-beyond", SUPER + 14, &[0xff, 0xff]);
    change("root-nid-zero", SUPER + 14, &[0, 0]);
    change("metadata-beyond", SUPER + 40, &[0xff, 0xff, 0xff, 0x7f]);
    change("xattr-area-beyond", SUPER + 44, &[0xff, 0xff, 0xff, 0x7f]);
    change(
        "incompatible-unknown",
        SUPER + 80,
        &0x4000_0000u32.to_le_bytes(),
    );
    change("incompatible-all", SUPER + 80, &u32::MAX.to_le_bytes());
    change(
        "compatible-unknown",
        SUPER + 8,
        &0x8000_0000u32.to_le_bytes(),
    );
    change("checksum-expected", SUPER + 8, &1u32.to_le_bytes());
    change("directory-block-bits", SUPER + 90, &[1]);
    change("ishare-prefix-id", SUPER + 8, &0x20u32.to_le_bytes());
    change("prefixes-beyond", SUPER + 91, &[4, 0xff, 0xff, 0xff, 0x7f]);
    let root = Root::find(whole)?;
    change("root-format-reserved", root.inode, &[0xff, 0xff]);
    change(
        "root-layout-compressed",
        root.inode,
        &[(root.format & 1) | (1 << 1), 0],
    );
    change(
        "root-layout-7",
        root.inode,
        &[(root.format & 1) | (7 << 1), 0],
    );
    change(
        "root-is-a-file",
        root.inode + 4,
        &0o100_644u16.to_le_bytes(),
    );
    change(
        "root-mode-invalid",
        root.inode + 4,
        &0o170_000u16.to_le_bytes(),
    );
    change("root-size-huge", root.inode + 8, &[0xff, 0xff, 0xff, 0x7f]);
    change("root-size-zero", root.inode + 8, &[0; 4]);
    change("root-xattr-count", root.inode + 2, &[0xff, 0xff]);
    change("first-name-offset-zero", root.data + 8, &[0, 0]);
    change("first-name-offset-odd", root.data + 8, &[13, 0]);
    change("first-name-offset-beyond", root.data + 8, &[0xfc, 0xff]);
    change(
        "second-name-offset-beyond",
        root.data + 12 + 8,
        &[0xff, 0x0f],
    );
    change("second-name-offset-before", root.data + 12 + 8, &[1, 0]);
    change("entry-nid-beyond", root.data + 24, &[0xff; 8]);
    change("entry-type-unknown", root.data + 24 + 10, &[0xff]);
    change(
        "entry-is-the-root",
        root.data + 24,
        &u64::from(root.nid).to_le_bytes(),
    );
    change("name-empty", root.names, &[0; 8]);
    change("name-with-slash", root.names + 3, b"/");
    for len in [0, 512, 1024, 1100, 1500, 2048, 4096, 8192] {
        cases.push((
            format!("cut-at-{len}"),
            whole[..len.min(whole.len())].to_vec(),
        ));
    }
    for (case, part) in [("cut-half", 2), ("cut-quarter", 4)] {
        cases.push((
            case.to_string(),
            whole[..(whole.len() / part) & !511].to_vec(),
        ));
    }
    cases.push((
        "cut-last-block".to_string(),
        whole[..whole.len() - 4096].to_vec(),
    ));
    cases.push(("intact".to_string(), whole.to_vec()));
    Ok(cases)
}

/// Where the root directory lies: an inode with inline data.
struct Root {
    nid: u16,
    inode: usize,
    format: u8,
    data: usize,
    names: usize,
}

impl Root {
    fn find(image: &[u8]) -> Result<Root> {
        let short = |at: usize| -> Result<u16> {
            let bytes = image.get(at..at + 2).ok_or("the image is too short")?;
            Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
        };
        let block = 1usize << image.get(SUPER + 12).ok_or("the image is too short")?;
        let meta = usize::from(short(SUPER + 40)?) | (usize::from(short(SUPER + 42)?) << 16);
        let nid = short(SUPER + 14)?;
        let inode = meta * block + usize::from(nid) * 32;
        let format = short(inode)?;
        let attributes = match short(inode + 2)? {
            0 => 0,
            n => 12 + 4 * (usize::from(n) - 1),
        };
        if (format >> 1) & 7 != 2 {
            return Err("the root directory is not inline".into());
        }
        let data = inode + if format & 1 == 1 { 64 } else { 32 } + attributes;
        let names = data + usize::from(short(data + 8)?);
        Ok(Root {
            nid,
            inode,
            format: format as u8,
            data,
            names,
        })
    }
}

pub(crate) fn judge(subject: &str, reference: &str, image: &Path) -> Result<(Verdict, String)> {
    let theirs = look(reference, image)?;
    let ours = look(subject, image)?;
    Ok(compare(&ours, &theirs))
}

fn compare(ours: &Seen, theirs: &Seen) -> (Verdict, String) {
    match (ours, theirs) {
        (Seen::Refused(got), Seen::Refused(want)) => {
            let verdict = if got == want {
                Verdict::Same
            } else {
                Verdict::Different
            };
            (verdict, format!("{got}, reference {want}"))
        }
        (Seen::Refused(got), Seen::Tree(_)) => (Verdict::Stricter, format!("mount: {got}")),
        (Seen::Tree(_), Seen::Refused(want)) => {
            (Verdict::Laxer, format!("mounts, reference {want}"))
        }
        (Seen::Tree(got), Seen::Tree(want)) => trees(got, want),
    }
}

/// The verdict on the first line that differs: what follows it may be its consequence.
fn trees(got: &[String], want: &[String]) -> (Verdict, String) {
    let errors = |line: &str| line.split(' ').filter(|w| w.contains("=E")).count();
    if let Some((ours, theirs)) = got.iter().zip(want).find(|(a, b)| a != b) {
        let verdict = match errors(ours).cmp(&errors(theirs)) {
            std::cmp::Ordering::Greater => Verdict::Stricter,
            std::cmp::Ordering::Less => Verdict::Laxer,
            std::cmp::Ordering::Equal => Verdict::Different,
        };
        (verdict, format!("{ours} | reference {theirs}"))
    } else if got.len() == want.len() {
        (Verdict::Same, format!("{} names", got.len()))
    } else {
        let text = format!("{} names, reference {}", got.len(), want.len());
        (Verdict::Different, text)
    }
}

pub(crate) fn look(kind: &str, image: &Path) -> Result<Seen> {
    look_with(kind, image, &[])
}

fn look_with(kind: &str, image: &Path, devices: &[&str]) -> Result<Seen> {
    Ok(match Mounted::with_devices(kind, "", image, devices)? {
        Ok(mounted) => Seen::Tree(manifest::of_mount(&mounted.dir, PIECE)?),
        Err(refusal) => Seen::Refused(name(refusal.errno)),
    })
}
