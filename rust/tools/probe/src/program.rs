// SPDX-License-Identifier: GPL-2.0
//! A program for the images whose every page is executed: made byte by byte, so that the offset
//! of each function is known and no compiler changes the image.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::error::{Context, Result};
use crate::pattern::content;
use crate::sys::PAGE;

/// The functions: each has a page of its own, and adds its number to a sum.
const FUNCTIONS: u32 = 64;
/// Added for each byte on standard input.
const SUM: u64 = FUNCTIONS as u64 * (FUNCTIONS as u64 + 1) / 2;

/// Calls all functions for each byte of its input and answers with the sum so far.
const MAIN: &[u8] = &[
    0x45, 0x31, 0xed, // xor r13d, r13d
    0x48, 0x8d, 0x74, 0x24, 0xf0, // again: lea rsi, [rsp - 16]
    0x31, 0xff, // xor edi, edi
    0xba, 1, 0, 0, 0, // mov edx, 1
    0x31, 0xc0, // xor eax, eax
    0x0f, 0x05, // syscall: read
    0x48, 0x83, 0xf8, 0x01, // cmp rax, 1
    0x75, 0x30, // jne end
    0xbb, 0x00, 0x20, 0x40, 0, // mov ebx, the first function
    0xbd, 64, 0, 0, 0, // mov ebp, FUNCTIONS
    0xff, 0xd3, // each: call rbx
    0x81, 0xc3, 0x00, 0x10, 0, 0, // add ebx, PAGE
    0xff, 0xcd, // dec ebp
    0x75, 0xf4, // jnz each
    0x41, 0x55, // push r13
    0x48, 0x89, 0xe6, // mov rsi, rsp
    0xbf, 1, 0, 0, 0, // mov edi, 1
    0xba, 8, 0, 0, 0, // mov edx, 8
    0xb8, 1, 0, 0, 0, // mov eax, 1
    0x0f, 0x05, // syscall: write
    0x41, 0x5d, // pop r13
    0xeb, 0xba, // jmp again
    0xb8, 60, 0, 0, 0, // end: mov eax, 60
    0x31, 0xff, // xor edi, edi
    0x0f, 0x05, // syscall: exit
];

/// Where function `number`, from 1, lies in the file.
pub(crate) fn function(number: u32) -> u64 {
    u64::from(number + 1) * PAGE as u64
}

/// The file: a header page, `MAIN`, the functions.
pub(crate) fn image() -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    let len = function(FUNCTIONS + 1);
    let mut file = content(1003, len as usize);
    let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let mut put = |bytes: &[u8]| header.extend_from_slice(bytes);
    put(&[2, 0, 62, 0, 1, 0, 0, 0]); // ET_EXEC, EM_X86_64
    for word in [BASE + PAGE as u64, 64, 0] {
        put(&word.to_le_bytes()); // entry, program headers, no section headers
    }
    put(&[0, 0, 0, 0, 64, 0, 56, 0, 2, 0, 0, 0, 0, 0, 0, 0]); // two program headers of 56 bytes
    put(&[1, 0, 0, 0, 5, 0, 0, 0]); // PT_LOAD, readable and executable
    for word in [0, BASE, BASE, len, len, PAGE as u64] {
        put(&word.to_le_bytes());
    }
    put(&[0x51, 0xe5, 0x74, 0x64, 6, 0, 0, 0]); // PT_GNU_STACK, not executable
    for word in [0u64; 6] {
        put(&word.to_le_bytes());
    }
    file[..header.len()].copy_from_slice(&header);
    file[PAGE..PAGE + MAIN.len()].copy_from_slice(MAIN);
    for number in 1..=FUNCTIONS {
        let at = function(number) as usize;
        file[at..at + 3].copy_from_slice(&[0x41, 0x81, 0xc5]); // add r13d, number
        file[at + 3..at + 7].copy_from_slice(&number.to_le_bytes());
        file[at + 7] = 0xc3; // ret
    }
    file
}

/// The program as a running process.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    turns: u64,
}

impl Running {
    pub(crate) fn start(path: &Path) -> Result<Running> {
        let mut child = Command::new(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .what(|| format!("run {}", path.display()))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        Ok(Running {
            child,
            stdin,
            stdout: stdout.ok_or("no output")?,
            turns: 0,
        })
    }

    /// Has every function called `turns` times, and checks the sums.
    pub(crate) fn turn(&mut self, turns: u64) -> Result<()> {
        for _ in 0..turns {
            let stdin = self.stdin.as_mut().ok_or("no input")?;
            let mut answer = [0; 8];
            let answered = stdin
                .write_all(b".")
                .and_then(|()| self.stdout.read_exact(&mut answer));
            if let Err(e) = answered {
                self.stdin = None;
                return Err(format!("the program died ({e}): {:?}", self.child.wait()));
            }
            self.turns += 1;
            let (got, want) = (u64::from_le_bytes(answer), self.turns * SUM);
            if got != want {
                return Err(format!("turn {}: sum {got}, not {want}", self.turns));
            }
        }
        Ok(())
    }

    /// Ends it, and with it the process's hold on the mount.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.stdin = None;
        let status = self.child.wait().what(|| "wait".into())?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the program ended with {status}"))
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.wait();
    }
}
