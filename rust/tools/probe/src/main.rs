// SPDX-License-Identifier: GPL-2.0
//! probe: looks at a mounted filesystem from user space, for the tests in tests/.

mod content;
mod diff;
mod error;
mod mounting;
mod pattern;
mod refuse;
mod sys;
mod tree;
mod walk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use error::Result;

const USAGE: &str = "usage: probe COMMAND ...
  tree KIND DIR                     make the source tree KIND in DIR
  mount TYPE OPTIONS SOURCE DIR     mount; a regular file gets a loop device
  umount DIR
  dump DIR                          every name of a tree, one line each
  diff TYPE REFERENCE OPTIONS IMAGE one image on two filesystems";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            println!("probe: {message}");
            ExitCode::from(2)
        }
    }
}

/// Ok(false) is a check that ran and found a fault.
fn run(words: &[&str]) -> Result<bool> {
    match words {
        ["tree", kind, dir] => tree::make(kind, Path::new(dir)).map(|()| true),
        ["mount", kind, options, source, dir] => {
            let (device, _loop) = mounting::block_device(Path::new(source))?;
            mounting::attach(kind, options, &device, &PathBuf::from(dir))
                .map(|()| true)
                .map_err(|refusal| refusal.to_string())
        }
        ["umount", dir] => mounting::detach(Path::new(dir)).map(|()| true),
        ["dump", dir] => {
            println!("{}", walk::statfs(Path::new(dir))?);
            for node in walk::walk(Path::new(dir))? {
                println!("{}", node.line);
            }
            Ok(true)
        }
        ["diff", subject, reference, options, image] => {
            diff::run(subject, reference, options, Path::new(image))
        }
        _ => Err(USAGE.to_string()),
    }
}
