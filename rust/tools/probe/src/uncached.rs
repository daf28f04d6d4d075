// SPDX-License-Identifier: GPL-2.0
//! What open(2), fcntl(2) and statx(2) say of direct reads of a file, and how those go.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{open, statx, AtFlags, Mode, OFlags, StatxFlags, CWD};
use rustix::io::pread;

use crate::content;
use crate::error::{name, outcome, Context, Result};
use crate::sys::{self, PAGE};

/// Prints the outcome of opening with O_DIRECT, of setting it later, the alignment of memory and
/// file in bytes, and a read by either descriptor: as aligned as asked for, and at an odd offset.
pub(crate) fn print(path: &Path) -> Result<()> {
    let direct = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::DIRECT;
    let opened = open(path, direct, Mode::empty());
    let changed = content::open(path)?;
    let set = sys::fcntl_number(changed.as_fd(), libc::F_SETFL, libc::O_DIRECT);
    // <linux/stat.h>: STATX_DIOALIGN.
    let mask = StatxFlags::from_bits_retain(0x2000);
    let st = statx(CWD, path, AtFlags::empty(), mask).what(|| "statx".into())?;
    let told = st.stx_mask & 0x2000 != 0;
    let (memory, offset) = (st.stx_dio_mem_align, st.stx_dio_offset_align);
    let mut reads = Vec::new();
    if let Ok(opened) = &opened {
        reads.push(format!("by open {}", both(opened, memory, offset)));
    }
    if set.is_ok() {
        reads.push(format!("by fcntl {}", both(&changed, memory, offset)));
    }
    println!(
        "open={} fcntl={} statx={} {}",
        outcome(opened),
        outcome(set),
        if told {
            format!("{memory}:{offset}")
        } else {
            "none".into()
        },
        reads.join(" ")
    );
    Ok(())
}

/// What an aligned read gives, and one that is not.
fn both(fd: &OwnedFd, memory: u32, offset: u32) -> String {
    let block = (offset as usize).max(1);
    let mut bytes = vec![0u8; 3 * PAGE];
    let start = bytes.as_ptr().align_offset(PAGE) + (memory as usize % PAGE);
    let mut read = |at: u64| match pread(fd, &mut bytes[start..start + block], at) {
        Ok(n) if n == block => "whole".to_string(),
        Ok(n) => format!("short:{n}"),
        Err(e) => name(e),
    };
    format!("{} odd {}", read(block as u64), read(block as u64 + 1))
}
