// SPDX-License-Identifier: GPL-2.0
//! File handles: what they are made of, where they lead, and what becomes of bad ones.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use crate::error::name;
use crate::sys::handle::Handle;
use crate::walk::{self, Node};

/// AT_HANDLE_FID, AT_HANDLE_CONNECTABLE
const FLAGS: [i32; 3] = [0, 0x200, 0x2];
/// So many names of a tree get a handle.
const SAMPLE: usize = 80;

pub(super) fn outcomes(root: &Path, nodes: &[Node]) -> Vec<String> {
    let Ok(dir) = walk::open_dir(root) else {
        return vec!["open failed".into()];
    };
    let mut lines = Vec::new();
    for node in nodes[1..].iter().step_by(nodes.len().div_ceil(SAMPLE)) {
        let at = walk::show(node.path.as_os_str());
        for flags in FLAGS {
            let text = match Handle::of(dir.as_fd(), &node.path, flags, 128) {
                Ok(handle) => format!("{handle:?} {}", leads_to(&dir, &handle)),
                Err(e) => name(e),
            };
            lines.push(format!("{at} {flags:x}: {text}"));
        }
    }
    if let Some(node) = nodes.get(1) {
        if let Ok(sound) = Handle::of(dir.as_fd(), &node.path, 0, 128) {
            bad(&dir, &sound, &mut lines);
        }
        let short = Handle::of(dir.as_fd(), &node.path, 0, 4);
        lines.push(format!("short: {:?}", short.map_err(name)));
    }
    lines
}

/// The inode that a handle opens.
fn leads_to(dir: &OwnedFd, handle: &Handle) -> String {
    match handle.open(dir.as_fd(), libc::O_PATH | libc::O_CLOEXEC) {
        Ok(fd) => match rustix::fs::fstat(&fd) {
            Ok(st) => format!("{} {:o} {}", st.st_ino, st.st_mode, st.st_size),
            Err(e) => name(e),
        },
        Err(e) => name(e),
    }
}

/// Handles of no file, or that are none.
fn bad(dir: &OwnedFd, sound: &Handle, lines: &mut Vec<String>) {
    let mut changed: Vec<Handle> = Vec::new();
    for kind in [0, 1, 2, 0x81, 0x82, 0x99, 0xff] {
        changed.push(Handle {
            kind,
            ..sound.clone()
        });
    }
    for len in [0, 4, 8, 11] {
        changed.push(Handle {
            bytes: sound.bytes[..len.min(sound.bytes.len())].to_vec(),
            ..*sound
        });
    }
    for word in sound.bytes.chunks(4).enumerate().map(|(i, _)| i) {
        for value in [0u32, 0x7fff_ffff, u32::MAX] {
            let mut handle = sound.clone();
            let end = handle.bytes.len().min(4 * word + 4);
            handle.bytes[4 * word..end].copy_from_slice(&value.to_ne_bytes()[..end - 4 * word]);
            changed.push(handle);
        }
    }
    for handle in changed {
        lines.push(format!("{handle:?}: {}", leads_to(dir, &handle)));
    }
}
