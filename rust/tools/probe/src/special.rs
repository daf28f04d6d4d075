// SPDX-License-Identifier: GPL-2.0
//! Images whose special inodes, the packed one and the metabox, are not what they should be, and
//! compressed symbolic links, which mkfs.erofs does not make.

use std::path::Path;

use cofs_core::format::superblock::{INCOMPAT_FRAGMENTS, INCOMPAT_METABOX};
use cofs_core::{Inode, Layout, SuperBlock};

use crate::damage::{judge, look, Copy, Seen, Verdict};
use crate::error::Result;
use crate::image::Image;
use crate::manifest;

const SUPER: usize = 1024;
const EXTENSION_SLOTS: usize = SUPER + 13;
const INCOMPAT: usize = SUPER + 80;
const PREFIX_START: usize = SUPER + 92;
const PACKED_NID: usize = SUPER + 96;
const METABOX_NID: usize = SUPER + 128;

/// Set in the number of a node that is in the metabox.
const IN_METABOX: u64 = 1 << 63;

/// What is to be seen.
enum Want {
    /// The same as on the reference, and a tree.
    Tree,
    /// The same as on the reference, whatever that is.
    Same,
    /// The same, or errors where the reference reads what lies behind the end.
    Strict,
    /// This errno from mount(2): the reference would fall.
    Refused(&'static str),
    /// Errors from reading these files, and from no other: the reference would fall.
    Broken(&'static [&'static str]),
}

struct Case {
    name: &'static str,
    image: Vec<u8>,
    want: Want,
}

/// Prints "pass CASE" or "fail CASE" for each case that the image is good for.
pub(crate) fn run(subject: &str, reference: &str, image: &Path) -> Result<bool> {
    let whole = manifest::read(image)?;
    let copy = Copy::new();
    let mut good = true;
    for case in cases(&whole)? {
        copy.write(&case.image)?;
        let fault = check(subject, reference, &copy.path, &case.want)?;
        let verdict = if fault.is_none() { "pass" } else { "fail" };
        println!("{verdict} {}", case.name);
        if let Some(fault) = fault {
            println!("# {}: {fault}", case.name);
            good = false;
        }
    }
    Ok(good)
}

/// How many cases `run` goes through.
pub(crate) fn count(image: &Path) -> Result<()> {
    println!("{}", cases(&manifest::read(image)?)?.len());
    Ok(())
}

/// What is wrong with the answer, if anything is.
fn check(subject: &str, reference: &str, image: &Path, want: &Want) -> Result<Option<String>> {
    if let Want::Tree | Want::Same | Want::Strict = want {
        let (verdict, text) = judge(subject, reference, image)?;
        let strict = matches!(want, Want::Strict) && verdict == Verdict::Stricter;
        if verdict != Verdict::Same && !strict {
            return Ok(Some(format!("{verdict:?}: {text}")));
        }
    }
    let seen = look(subject, image)?;
    let fault = match (want, seen) {
        (Want::Same | Want::Strict, _) | (Want::Tree, Seen::Tree(_)) => None,
        (Want::Refused(want), Seen::Refused(got)) if got == *want => None,
        (Want::Broken(files), Seen::Tree(lines)) => lines.iter().find_map(|line| {
            let name = line.split(' ').next().unwrap_or_default();
            let broken = line.split(' ').any(|word| word.contains("=E"));
            (broken != files.contains(&name)).then(|| line.clone())
        }),
        (_, Seen::Refused(got)) => Some(format!("mount: {got}")),
        (_, Seen::Tree(_)) => Some("it mounts".into()),
    };
    Ok(fault)
}

/// An image, and where things are in it.
struct Original<'a> {
    bytes: &'a [u8],
    sb: SuperBlock,
    image: Image<'a>,
}

impl Original<'_> {
    /// Where an inode that is not in the metabox lies.
    fn position(&self, path: &str) -> Result<usize> {
        let pos = self.image.position(Path::new(path));
        pos.map(|pos| pos as usize)
            .map_err(|e| format!("{path}: {e}"))
    }

    fn nid(&self, path: &str) -> Result<u64> {
        let first = self.sb.inode_pos(0).map_err(|e| format!("{e:?}"))?;
        Ok((self.position(path)? as u64 - first) / 32)
    }

    fn with(&self, changes: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        for (at, change) in changes {
            bytes[*at..at + change.len()].copy_from_slice(change);
        }
        bytes
    }

    fn number(&self, at: usize, number: u64) -> Vec<u8> {
        self.with(&[(at, &number.to_le_bytes())])
    }

    /// Without one of the features that are incompatible with who does not know them.
    fn without(&self, feature: u32) -> Vec<u8> {
        let features = self.sb.feature_incompat() & !feature;
        self.with(&[(INCOMPAT, &features.to_le_bytes())])
    }
}

fn cases(whole: &[u8]) -> Result<Vec<Case>> {
    let image = Image::mount(whole).map_err(|e| format!("the reader: {e}"))?;
    let original = Original {
        bytes: whole,
        sb: image.superblock().clone(),
        image,
    };
    let mut cases = vec![Case {
        name: "intact",
        image: whole.to_vec(),
        want: Want::Tree,
    }];
    if let Some(nid) = original.sb.metabox_nid() {
        metabox(&original, nid, &mut cases)?;
        return Ok(cases);
    }
    compressed_link(&original, &mut cases)?;
    if original.sb.fragments_nid().is_some() {
        packed(&original, &mut cases)?;
    }
    Ok(cases)
}

/// A compressed file of mode S_IFLNK.
fn compressed_link(original: &Original<'_>, cases: &mut Vec<Case>) -> Result<()> {
    let inode = original.position("target")?;
    cases.push(Case {
        name: "compressed-link",
        image: original.with(&[(inode + 4, &0o120_777u16.to_le_bytes())]),
        want: Want::Tree,
    });
    let long = original.position("words")?;
    cases.push(Case {
        name: "compressed-link-too-long",
        image: original.with(&[(long + 4, &0o120_777u16.to_le_bytes())]),
        want: Want::Same,
    });
    Ok(())
}

/// The packed inode, in an image where every file is in it.
fn packed(original: &Original<'_>, cases: &mut Vec<Case>) -> Result<()> {
    const FILES: &[&str] = &["words", "more", "dir/inside", "target"];
    // The others lie behind the end of the largest of them, where there are zeros.
    const FIRST: &[&str] = &["words", "more", "target"];
    let mut add = |name, nid, want| {
        let image = original.number(PACKED_NID, nid);
        cases.push(Case { name, image, want });
    };
    add("packed-none", 0, Want::Same);
    add("packed-directory", original.nid("dir")?, Want::Same);
    add("packed-beyond", 1 << 40, Want::Same);
    add("packed-overflows", (1 << 63) - 1, Want::Same);
    add("packed-in-no-metabox", IN_METABOX | 1, Want::Same);
    // A table of long prefixes in it is read by mount(2).
    let broken = |files| match original.sb.xattr_prefix_count() {
        0 => Want::Broken(files),
        _ => Want::Refused("EUCLEAN"),
    };
    // A fragment of itself, and nothing.
    add("packed-fragment", original.nid("words")?, broken(FIRST));
    add("packed-device", original.nid("null")?, broken(FILES));
    add("packed-link", original.nid("link")?, broken(FILES));
    cases.push(Case {
        name: "packed-unknown",
        image: original.without(INCOMPAT_FRAGMENTS),
        want: Want::Same,
    });
    if original.sb.xattr_prefix_count() != 0 {
        cases.push(Case {
            name: "prefixes-behind-packed",
            image: original.with(&[(PREFIX_START, &0x00ff_ffffu32.to_le_bytes())]),
            want: Want::Same,
        });
    }
    Ok(())
}

/// The metabox, in an image where every other inode is in it.
fn metabox(original: &Original<'_>, nid: u64, cases: &mut Vec<Case>) -> Result<()> {
    let fail = |e| format!("the metabox: {e:?}");
    let inode: Inode = original.image.inode(nid).map_err(|e| format!("{e}"))?;
    let at = original.sb.inode_pos(nid).map_err(fail)? as usize;
    let mut add = |name, image, want| cases.push(Case { name, image, want });
    add(
        "metabox-in-itself",
        original.number(METABOX_NID, IN_METABOX | nid),
        Want::Same,
    );
    add(
        "metabox-beyond",
        original.number(METABOX_NID, 1 << 40),
        Want::Same,
    );
    add(
        "metabox-elsewhere",
        original.number(METABOX_NID, nid + 1),
        Want::Same,
    );
    add(
        "metabox-unknown",
        original.without(INCOMPAT_METABOX),
        Want::Same,
    );
    add(
        "superblock-without-metabox",
        original.with(&[(EXTENSION_SLOTS, &[0])]),
        Want::Same,
    );
    if original.sb.fragments_nid().is_some() {
        add(
            "packed-in-metabox",
            original.number(PACKED_NID, IN_METABOX),
            Want::Same,
        );
    }
    // i_size of either form of inode starts there.
    add(
        "metabox-cut",
        original.with(&[(at + 8, &64u32.to_le_bytes())]),
        Want::Strict,
    );
    add(
        "metabox-empty",
        original.with(&[(at + 8, &0u32.to_le_bytes())]),
        Want::Strict,
    );
    let mode = |mode: u16| original.with(&[(at + 4, &mode.to_le_bytes())]);
    add("metabox-directory", mode(0o40_755), Want::Tree);
    add("metabox-device", mode(0o20_600), Want::Refused("EUCLEAN"));
    add("metabox-fifo", mode(0o10_600), Want::Refused("EUCLEAN"));
    if let Layout::Compressed { header_pos, .. } = inode.layout() {
        // The whole of it in the packed inode.
        add(
            "metabox-fragment",
            original.number(header_pos as usize, 1 << 63),
            Want::Refused("EUCLEAN"),
        );
    }
    Ok(())
}
