// SPDX-License-Identifier: GPL-2.0
//! What watchers of a filesystem's errors are told while a command runs.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::io::Errno;

use crate::error::{name, Context, Result};
use crate::sys::fanotify::{handle, Errors};

/// Workers tell: how long that may take.
const SETTLE: Duration = Duration::from_secs(1);

/// Runs `command`, and prints for each of `dirs` one line: the errors that its filesystem told of,
/// each with the name of the file in the directory that it concerns, or "none".
pub(crate) fn run(dirs: &[&str], command: &[&str]) -> Result<()> {
    // Names first: looking at them may meet errors, too.
    let names = dirs
        .iter()
        .map(|dir| names(Path::new(dir)))
        .collect::<Result<Vec<_>>>()?;
    std::thread::sleep(SETTLE);
    let watches = dirs
        .iter()
        .map(|dir| Errors::watch(Path::new(dir)).what(|| format!("fanotify on {dir}")))
        .collect::<Result<Vec<_>>>()?;
    let (program, arguments) = command.split_first().ok_or("no command")?;
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|e| format!("{program}: {e}"))?;
    std::thread::sleep(SETTLE);
    for (watch, names) in watches.iter().zip(&names) {
        let mut lines = BTreeSet::new();
        for event in watch.take().what(|| "fanotify".into())? {
            let file = match &event.handle {
                None => "no handle".to_string(),
                Some(h) => names
                    .iter()
                    .find(|(_, known)| known == h)
                    .map_or(format!("unknown {h:?}"), |(name, _)| name.clone()),
            };
            let errno = Errno::from_raw_os_error(event.errno);
            lines.insert(format!("{} {file}", name(errno)));
        }
        let line = lines.into_iter().collect::<Vec<_>>().join(", ");
        println!("{}", if line.is_empty() { "none" } else { &line });
    }
    Ok(())
}

type Named = (String, (i32, Vec<u8>));

/// The names in a directory, as far as it can be read, and itself, with their handles.
fn names(dir: &Path) -> Result<Vec<Named>> {
    let mut names = vec![(".".to_string(), handle(dir).what(|| "handle".into())?)];
    let entries = std::fs::read_dir(dir).what(|| dir.display().to_string())?;
    for entry in entries.map_while(std::result::Result::ok) {
        if let Ok(handle) = handle(&entry.path()) {
            names.push((entry.file_name().to_string_lossy().into_owned(), handle));
        }
    }
    Ok(names)
}
