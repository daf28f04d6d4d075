// SPDX-License-Identifier: GPL-2.0
//! How extended attributes are asked for: sizes, short buffers, names that are almost there.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::path::Path;

use rustix::fs::{lgetxattr, llistxattr};
use rustix::io::Result;

use crate::error::name;
use crate::walk::{self, Node};

/// So many names of a tree are asked.
const SAMPLE: usize = 120;

/// Names that every file is asked for.
const ASKED: &[&str] = &[
    "",
    "user",
    "user.",
    "trusted.",
    "security.",
    "system.",
    "system.posix_acl_access",
    "system.posix_acl_default",
    "system.posix_acl_access.",
    "system.other",
    "security.capability",
    "security.selinux",
    "user.a",
    "trusted.a",
    "trusted.overlay.",
    "trusted.overlay.opaque",
    "other.name",
];

pub(super) fn outcomes(root: &Path, nodes: &[Node]) -> Vec<String> {
    let step = nodes.len().div_ceil(SAMPLE);
    // The first names of a tree have its rare kinds.
    let sample = nodes
        .iter()
        .enumerate()
        .filter(|(i, _)| *i < 8 || i % step == 0);
    sample
        .flat_map(|(_, node)| {
            let at = walk::show(node.path.as_os_str());
            of_file(&root.join(&node.path))
                .into_iter()
                .map(move |line| format!("{at} {line}"))
        })
        .collect()
}

fn say(result: Result<usize>) -> String {
    result.map_or_else(name, |n| n.to_string())
}

fn of_file(path: &Path) -> Vec<String> {
    let size = llistxattr(path, &mut [0u8; 0][..]);
    let mut lines = vec![format!("list size={}", say(size))];
    let mut list = vec![0u8; 64 << 10];
    let len = llistxattr(path, &mut list[..]).unwrap_or(0);
    list.truncate(len);
    if len > 0 {
        let mut short = vec![0u8; len - 1];
        lines.push(format!(
            "list short={}",
            say(llistxattr(path, &mut short[..]))
        ));
    }
    let present: Vec<&[u8]> = list.split(|b| *b == 0).filter(|n| !n.is_empty()).collect();
    let mut asked: BTreeSet<Vec<u8>> = ASKED.iter().map(|n| n.as_bytes().to_vec()).collect();
    for prefix in ["user.", "trusted."] {
        for len in [255, 256] {
            asked.insert([prefix.as_bytes(), &[b'n'].repeat(len - prefix.len())].concat());
        }
    }
    for name in present.iter().step_by(present.len().div_ceil(20).max(1)) {
        asked.insert(name.to_vec());
        asked.insert([name, b"x".as_slice()].concat());
        asked.insert(name[..name.len() - 1].to_vec());
        asked.insert(name.to_ascii_uppercase());
    }
    for attribute in asked {
        let Ok(attribute) = CString::new(attribute) else {
            continue;
        };
        let size = lgetxattr(path, &attribute, &mut [0u8; 0][..]);
        let mut line = format!("{}: size={}", attribute.to_string_lossy(), say(size));
        if let Ok(size @ 1..) = size {
            let mut short = vec![0u8; size - 1];
            line += &format!(
                " short={}",
                say(lgetxattr(path, &attribute, &mut short[..]))
            );
            let mut exact = vec![0u8; size];
            line += &format!(
                " exact={}",
                say(lgetxattr(path, &attribute, &mut exact[..]))
            );
        }
        lines.push(line);
    }
    lines
}
