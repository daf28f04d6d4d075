// SPDX-License-Identifier: GPL-2.0
//! Pages by reference: sendfile(2), splice(2).

use std::path::Path;

use rustix::fs::{memfd_create, MemfdFlags, OFlags};
use rustix::io::{pread, read};
use rustix::pipe::{pipe, SpliceFlags};

use super::State;
use crate::golden::{File, Golden, PAGE};
use crate::slot;
use crate::trouble::{Context, Step, Trouble};

/// Into a file in memory.
pub(super) fn sendfile(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let (first, count) = state.range(file);
    let mut bytes = vec![0xa5; file.len(first, count)];
    let memory = memfd_create("stress", MemfdFlags::CLOEXEC).what(|| "memfd".into())?;
    let start = first * PAGE as u64;
    let mut at = start;
    while at < start + bytes.len() as u64 {
        let left = (start + bytes.len() as u64 - at) as usize;
        let most = 1 + state.rng.usize(..left);
        let what = || format!("sendfile {}", file.path);
        if rustix::fs::sendfile(&memory, &fd, Some(&mut at), most).what(what)? == 0 {
            return Err(Trouble::Wrong(format!(
                "{}: sendfile ends at {at}",
                file.path
            )));
        }
    }
    let mut done = 0;
    while done < bytes.len() {
        done += pread(&memory, &mut bytes[done..], done as u64).what(|| "memfd".into())?;
    }
    file.check("sendfile", first, &bytes)
}

/// Into a pipe, from which it is read when it has moved.
pub(super) fn splice(state: &mut State, _: &Golden, file: &File, dir: &Path) -> Step {
    let fd = slot::file(&slot::root(dir)?, &file.path, OFlags::empty())?;
    let (first, count) = state.range(file);
    let mut bytes = vec![0xa5; file.len(first, count)];
    let (out, into) = pipe().what(|| "pipe".into())?;
    let mut done = 0;
    while done < bytes.len() {
        let mut at = first * PAGE as u64 + done as u64;
        let most = 1 + state.rng.usize(..bytes.len() - done);
        let moved =
            rustix::pipe::splice(&fd, Some(&mut at), &into, None, most, SpliceFlags::empty())
                .what(|| format!("splice {}", file.path))?;
        if moved == 0 {
            return Err(Trouble::Wrong(format!(
                "{}: splice ends at {at}",
                file.path
            )));
        }
        let end = done + moved;
        while done < end {
            done += read(&out, &mut bytes[done..end]).what(|| "pipe".into())?;
        }
    }
    file.check("splice", first, &bytes)
}
