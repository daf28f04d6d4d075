// SPDX-License-Identifier: GPL-2.0
//! How far a long command has come, on stderr: a line that changes, or one now and then in a log.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How far a command has come.
pub(crate) struct Progress {
    what: String,
    terminal: bool,
    last: Instant,
    /// A line is there that changes.
    shown: bool,
}

impl Progress {
    pub(crate) fn new(what: &str) -> Self {
        Self {
            what: what.into(),
            terminal: io::stderr().is_terminal(),
            last: Instant::now(),
            shown: false,
        }
    }

    /// Tells it, if it is time to.
    pub(crate) fn tell(&mut self, text: impl FnOnce() -> String) {
        let pause = if self.terminal {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(10)
        };
        if self.last.elapsed() < pause {
            return;
        }
        self.last = Instant::now();
        // Where there is no stderr there is nobody to tell.
        let _ = if self.terminal {
            self.shown = true;
            write!(io::stderr(), "\r\x1b[K{}: {}", self.what, text())
        } else {
            writeln!(io::stderr(), "cofsctl: {}: {}", self.what, text())
        };
    }

    /// Makes room for another line.
    pub(crate) fn clear(&mut self) {
        if self.shown {
            self.shown = false;
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
