// SPDX-License-Identifier: GPL-2.0
//! The man pages and completions, made of the command line's own description.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, STATUS};
use crate::failure::{Failure, Result};

/// Where the licence stands in a file that is made.
const MADE: &str = "SPDX-License-Identifier: GPL-2.0; made by scripts/cofsctl-docs.sh";

/// Writes `man/*.1` and `completions/*` below `dir`.
pub(crate) fn run(dir: &Path) -> Result<()> {
    let write = |name: &Path, bytes: &[u8]| {
        let path = dir.join(name);
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, bytes))
            .map_err(|error| Failure::of(path.display(), error))
    };
    let mut command = Cli::command();
    // Without this the names of the commands lack the program's.
    command.build();
    man(&command, "cofsctl", &write)?;
    let shells = [
        (Shell::Bash, "cofsctl"),
        (Shell::Zsh, "_cofsctl"),
        (Shell::Fish, "cofsctl.fish"),
    ];
    for (shell, name) in shells {
        let mut bytes = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "cofsctl", &mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        // zsh wants its own line first.
        let text = match text.strip_prefix("#compdef cofsctl\n") {
            Some(rest) => format!("#compdef cofsctl\n# {MADE}\n{rest}"),
            None => format!("# {MADE}\n{text}"),
        };
        write(&Path::new("completions").join(name), text.as_bytes())?;
    }
    Ok(())
}

/// The page of a command, and those of its own commands.
fn man(
    command: &clap::Command,
    name: &str,
    write: &impl Fn(&Path, &[u8]) -> Result<()>,
) -> Result<()> {
    let page = clap_mangen::Man::new(command.clone())
        .source("cofs")
        .manual("cofs");
    let mut bytes = format!(".\\\" {MADE}\n").into_bytes();
    page.render_title(&mut bytes)?;
    page.render_name_section(&mut bytes)?;
    page.render_synopsis_section(&mut bytes)?;
    page.render_description_section(&mut bytes)?;
    page.render_options_section(&mut bytes)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut bytes)?;
    } else if let Some(notes) = command.get_after_help() {
        section(&mut bytes, "NOTES", &notes.to_string());
    }
    section(&mut bytes, "EXIT STATUS", "");
    for (code, meaning) in STATUS {
        bytes.extend(format!(".TP\n{code}\n{meaning}\n").bytes());
    }
    if name != "cofsctl" {
        section(&mut bytes, "SEE ALSO", "cofsctl(1)");
    }
    write(Path::new(&format!("man/{name}.1")), &bytes)?;
    for below in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        man(below, &format!("{name}-{}", below.get_name()), write)?;
    }
    Ok(())
}

/// A heading, and text in which nothing means anything to roff.
fn section(bytes: &mut Vec<u8>, heading: &str, text: &str) {
    bytes.extend(format!(".SH \"{heading}\"\n").bytes());
    for line in text.lines().filter(|line| !line.is_empty()) {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        bytes.extend(format!("\\&{line}\n").bytes());
    }
}
