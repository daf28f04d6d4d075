// SPDX-License-Identifier: GPL-2.0
//! What is printed: lines, tables, JSON; and names that cannot harm a terminal.

use std::fmt::Write as _;
use std::io::{self, BufWriter, StdoutLock, Write};

use serde::Serialize;

use crate::failure::Result;
use crate::Verdict;

/// Standard output.
pub(crate) struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    pub(crate) fn new() -> Self {
        Self(BufWriter::with_capacity(1 << 16, io::stdout().lock()))
    }

    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Result<()> {
        self.0.write_all(text.as_ref().as_bytes())?;
        Ok(self.0.write_all(b"\n")?)
    }

    /// Text with its own ends of lines.
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        Ok(self.0.write_all(text.as_bytes())?)
    }

    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<()> {
        serde_json::to_writer_pretty(&mut self.0, value)?;
        self.line("")
    }

    pub(crate) fn finish(&mut self) -> Result<()> {
        Ok(self.0.flush()?)
    }
}

/// A line on stderr, of what does not end the command.
pub(crate) fn warn(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr(), "cofsctl: {}", text.as_ref());
}

/// Rows of words, whose columns line up: the first `left` from the left.
pub(crate) struct Table {
    left: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(left: usize, header: [&str; N]) -> Self {
        Self {
            left,
            rows: vec![header.map(str::to_string).to_vec()],
        }
    }

    pub(crate) fn row<const N: usize>(&mut self, words: [String; N]) {
        self.rows.push(words.to_vec());
    }

    pub(crate) fn print(&self, out: &mut Output) -> Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let words = self.rows.iter().filter_map(|row| row.get(column));
            words.map(|word| word.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (word, &width)) in row.iter().zip(&widths).enumerate() {
                let room = " ".repeat(width - word.chars().count());
                let (before, behind) = if column < self.left {
                    ("", &*room)
                } else {
                    (&*room, "")
                };
                line += &format!("{before}{word}{behind}  ");
            }
            out.line(line.trim_end())?;
        }
        Ok(())
    }
}

/// Bytes as MiB.
pub(crate) fn mib(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / f64::from(1 << 20))
}

/// `part` of `whole` in per cent.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    // Two decimals are what is worth knowing, also to programs.
    (part as f64 * 10_000.0 / whole as f64).round() / 100.0
}

/// Bytes of an image as text: what would act on a terminal, or is no text, as an escape.
pub(crate) fn show(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            if char.is_control() || char == '\\' {
                text.extend(char.escape_default());
            } else {
                text.push(char);
            }
        }
        for byte in chunk.invalid() {
            text += &format!("\\x{byte:02x}");
        }
    }
    text
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Faults, of which the first are told.
pub(crate) struct Faults {
    count: u64,
    image: String,
}

impl Faults {
    /// As many are told.
    const TOLD: u64 = 20;

    pub(crate) fn new(image: &str) -> Self {
        Self {
            count: 0,
            image: image.into(),
        }
    }

    pub(crate) fn add(&mut self, what: &str, cause: impl AsRef<str>) {
        self.count += 1;
        if self.count <= Self::TOLD {
            warn(format!("{}: {what}: {}", self.image, cause.as_ref()));
        } else if self.count == Self::TOLD + 1 {
            warn(format!("{}: there are more faults", self.image));
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self.count {
            0 => Verdict::Sound,
            _ => Verdict::Unsound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless_and_told_apart() {
        assert_eq!(show("a b/ü".as_bytes()), "a b/ü");
        assert_eq!(show(b"\x1b[2J\n\\n\xff"), "\\u{1b}[2J\\n\\\\n\\xff");
    }

    #[test]
    fn per_cent() {
        assert_eq!(percent(1, 3), 33.33);
        assert_eq!(percent(0, 0), 0.0);
        assert_eq!(percent(u64::MAX, u64::MAX), 100.0);
    }
}
