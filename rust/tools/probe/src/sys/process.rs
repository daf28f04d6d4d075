// SPDX-License-Identifier: GPL-2.0
//! Processes without an exec.

use std::ptr::null;

use rustix::io::Result;

use super::check;

/// A child of this process.
pub(crate) struct Child(libc::pid_t);

/// Runs `work` in a child, whose status says what it returned. Call it from a program with one
/// thread: the child has only that one.
pub(crate) fn fork(work: impl FnOnce() -> bool) -> Result<Child> {
    // SAFETY: no other thread holds a lock that the child would miss; the child leaves by _exit,
    // so that nothing of the parent is dropped twice.
    unsafe {
        match check(libc::fork().into())? {
            0 => libc::_exit(if work() { 0 } else { 1 }),
            pid => Ok(Child(pid as libc::pid_t)),
        }
    }
}

impl Child {
    fn status(self) -> Result<i32> {
        let mut status = 0;
        // SAFETY: the kernel writes one int.
        check(unsafe { libc::waitpid(self.0, &mut status, 0) }.into())?;
        Ok(status)
    }

    /// Whether it ended by itself and well.
    pub(crate) fn wait(self) -> Result<bool> {
        let status = self.status()?;
        Ok(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0)
    }

    /// Kills it: false if it had ended before.
    pub(crate) fn kill(self) -> Result<bool> {
        // SAFETY: touches no memory; the pid is ours until it is waited for.
        check(unsafe { libc::kill(self.0, libc::SIGKILL) }.into())?;
        Ok(libc::WIFSIGNALED(self.status()?))
    }
}

/// Gives this process mounts of its own, which nobody else sees change.
pub(crate) fn own_mounts() -> Result<()> {
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: the path is a C string, the other pointers may be null.
    unsafe {
        check(libc::unshare(libc::CLONE_NEWNS).into())?;
        check(libc::mount(null(), c"/".as_ptr(), null(), flags, null()).into())?;
    }
    Ok(())
}
