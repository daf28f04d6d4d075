// SPDX-License-Identifier: GPL-2.0
//! The command line, which help, man pages and completions are made of.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::fingerprint::{Name, DEFAULT_NAME};

/// All is as it should be.
pub(crate) const SOUND: u8 = 0;
/// The command did its work, and what it looked at is not sound.
pub(crate) const UNSOUND: u8 = 1;
/// The command could not do its work; clap ends with the same where it was called wrongly.
pub(crate) const FAILED: u8 = 2;
/// Whoever read the output has gone: as if SIGPIPE had ended the program.
pub(crate) const CLOSED: u8 = 141;

/// What the numbers mean.
pub(crate) const STATUS: [(u8, &str); 4] = [
    (SOUND, "all is well"),
    (
        UNSOUND,
        "something is wrong with an image, or only part of it could be looked at",
    ),
    (
        FAILED,
        "the command could not be carried out, or was called wrongly",
    ),
    (CLOSED, "the reader of the output has gone"),
];

fn status() -> String {
    let lines = STATUS.map(|(code, meaning)| format!("\n  {code:<3}  {meaning}"));
    format!("Exit status:{}", lines.concat())
}

/// How images are named, for the help.
pub(crate) const IMAGES: &str = "\
An IMAGE is a file or a block device, FILE[,device=FILE]...[,fsoffset=BYTES]: with its extra \
devices, in the order of its table, and the byte that it starts at, as in mount options. Without \
extra devices these are expected behind each other in FILE.";

/// Shows what cofs shares, looks into EROFS images, and gives fingerprints to those of old tools
#[derive(Debug, Parser)]
#[command(
    name = "cofsctl",
    version,
    after_help = status(),
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows what is shared now, what that saves, and the images that are mounted
    ///
    /// Domains and the biggest shared files are for root, and come from debugfs. Domains are secrets: shown
    /// is what stands for each until the module is unloaded.
    Status(Status),
    /// Shows what an image says of itself, and what is in it
    #[command(after_help = IMAGES)]
    Inspect(Inspect),
    /// Tells what images would share if they were mounted together
    ///
    /// Counted are pages: files whose fingerprint and size are equal have them in memory once,
    /// within an image as between images. Fingerprints are believed, as a mount believes them.
    #[command(after_help = IMAGES)]
    Compare(Compare),
    /// Reads all of an image, and compares each fingerprint with what it stands for
    #[command(after_help = IMAGES)]
    Verify(Verify),
    /// Gives fingerprints to the files of a tree or an archive, of which an image is to be made
    ///
    /// For versions of mkfs.erofs that make none themselves: the files get an extended attribute,
    /// which ends up in the image. Mounts go by it where the superblock names no other.
    Stamp(Stamp),
    /// Prints the kernel's numbers for Prometheus
    ///
    /// In base units, in the format of node_exporter's textfile collector. Images are told apart by the
    /// label disk, their name below /sys/fs/cofs.
    Metrics(Metrics),
    /// Writes the man pages and completions to a directory
    #[command(hide = true)]
    Generate {
        /// The directory
        dir: PathBuf,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// Show it again every so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) watch: Option<u16>,
    /// How many of the biggest shared files to show; their names are looked for in the mounts' directories
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
    /// Print a JSON object; with --watch, each in a line of its own
    #[arg(long)]
    pub(crate) json: bool,
    /// Where /sys and /proc are
    #[arg(long, hide = true)]
    pub(crate) root: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Metrics {
    /// Write them to FILE, which is replaced as a whole
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Where /sys and /proc are
    #[arg(long, hide = true)]
    pub(crate) root: Option<PathBuf>,
}

/// What commands that read images have in common.
#[derive(Args, Debug)]
pub(crate) struct Reading {
    /// The attribute that has the fingerprint, for images whose superblock does not say
    #[arg(long, value_name = "NAME", default_value = DEFAULT_NAME)]
    pub(crate) fingerprint_xattr: Name,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The image
    pub(crate) image: OsString,
    /// List all names, with type, size and fingerprint
    #[arg(long, conflicts_with_all = ["file", "fingerprints"])]
    pub(crate) tree: bool,
    /// Show one file: its inode, attributes, fingerprint, and where each extent of it lies
    #[arg(long, value_name = "PATH", conflicts_with = "fingerprints")]
    pub(crate) file: Option<OsString>,
    /// List the fingerprints of all regular files, in the manner of sha256sum
    #[arg(long)]
    pub(crate) fingerprints: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// The images
    #[arg(required = true, num_args = 2.., value_name = "IMAGE")]
    pub(crate) images: Vec<OsString>,
    /// Read the files that have no fingerprint, as if they had been stamped
    #[arg(long)]
    pub(crate) content: bool,
    /// How many of the biggest common files to list
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
    #[command(flatten)]
    pub(crate) limit: Limit,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The image
    pub(crate) image: OsString,
    #[command(flatten)]
    pub(crate) limit: Limit,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Args, Debug)]
pub(crate) struct Stamp {
    /// A directory, whose files get the attribute, or a tar archive that is not compressed
    pub(crate) path: PathBuf,
    /// Write the stamped archive to FILE; without it, it replaces the other
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The attribute; another than the default is to be named to mounts by fingerprint_xattr=
    #[arg(long, value_name = "NAME", default_value = DEFAULT_NAME)]
    pub(crate) xattr: Name,
}

/// How much of an image's data is read.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Read at most so many bytes of files of an image; by default 64 times its size and 1 GiB
    ///
    /// Holes and compressed data can make files of any size of a small image.
    #[arg(long = "limit", value_name = "BYTES")]
    pub(crate) bytes: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn is_consistent() {
        Cli::command().debug_assert();
    }
}
