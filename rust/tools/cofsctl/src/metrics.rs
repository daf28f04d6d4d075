// SPDX-License-Identifier: GPL-2.0
//! `cofsctl metrics`: the kernel's numbers in Prometheus's text format, in base units.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::cli;
use crate::failure::{Failure, Result};
use crate::kernel::{self, Kernel, Numbers};
use crate::output::Output;
use crate::Verdict;

/// What a file of sysfs becomes.
struct Metric {
    file: &'static str,
    name: &'static str,
    help: &'static str,
    unit: Unit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// How often something happened.
    Count,
    /// How much there is.
    One,
    /// Pages, told in bytes.
    Pages,
    /// MiB, told in bytes; -1 is no bound.
    Mib,
}

const fn metric(file: &'static str, name: &'static str, unit: Unit, help: &'static str) -> Metric {
    Metric {
        file,
        name,
        help,
        unit,
    }
}

use Unit::{Count, Mib, One, Pages};

/// Of `/sys/fs/cofs`.
const ALL: [Metric; 12] = [
    metric(
        "adoptions",
        "adoptions_total",
        Count,
        "Files of images that found their content there",
    ),
    metric(
        "context_bytes",
        "context_bytes",
        One,
        "Memory that decoders work in",
    ),
    metric(
        "context_bytes_peak",
        "context_peak_bytes",
        One,
        "The most that it was",
    ),
    metric(
        "failovers",
        "failovers_total",
        Count,
        "Folios that another image filled than the one asked",
    ),
    metric(
        "linger_mb",
        "linger_limit_bytes",
        Mib,
        "What content may keep that no mounted image holds",
    ),
    metric(
        "lingering_pages",
        "lingering_bytes",
        Pages,
        "Page cache of content that no mounted image holds",
    ),
    metric(
        "saved_bytes",
        "saved_bytes",
        One,
        "What sharing saves at most",
    ),
    metric(
        "scratch_bytes",
        "scratch_bytes",
        One,
        "Memory for clusters that are not decoded in place",
    ),
    metric(
        "scratch_bytes_peak",
        "scratch_peak_bytes",
        One,
        "The most that it was",
    ),
    metric(
        "shared_inodes",
        "content_inodes",
        One,
        "Contents, each of one or more files of images",
    ),
    metric(
        "shared_pages",
        "shared_bytes",
        Pages,
        "Page cache that at least two files of images have in common",
    ),
    metric(
        "sharers",
        "sharers",
        One,
        "Files of images that are bound to content",
    ),
];

/// Of each image.
const EACH: [Metric; 18] = [
    metric(
        "decoded_by_reader",
        "decoded_by_reader_total",
        Count,
        "Clusters decoded by a thread that needed them",
    ),
    metric(
        "decoded_by_worker",
        "decoded_by_worker_total",
        Count,
        "Clusters decoded by a worker",
    ),
    metric(
        "decoded_in_place",
        "decoded_in_place_total",
        Count,
        "Clusters decoded where they were read to",
    ),
    metric(
        "decoded_privately",
        "decoded_privately_total",
        Count,
        "Clusters decoded for a part of what they give",
    ),
    metric(
        "decoded_rolling",
        "decoded_rolling_total",
        Count,
        "Clusters decoded past pages that nobody wants",
    ),
    metric(
        "decoded_to_copy",
        "decoded_to_copy_total",
        Count,
        "Clusters decoded to memory of their own",
    ),
    metric(
        "decoded_to_folios",
        "decoded_to_folios_total",
        Count,
        "Clusters decoded straight to folios",
    ),
    metric(
        "decoded_to_mapping",
        "decoded_to_mapping_total",
        Count,
        "Clusters decoded to a mapping of folios",
    ),
    metric("errors", "errors_total", Count, "Reads that failed"),
    metric(
        "failovers",
        "failovers_total",
        Count,
        "Folios filled that another image could not fill",
    ),
    metric(
        "read_final",
        "read_final_total",
        Count,
        "Clusters read to where their bytes belong",
    ),
    metric(
        "read_in_place",
        "read_in_place_total",
        Count,
        "Clusters read to folios that they are decoded to",
    ),
    metric(
        "read_temporary",
        "read_temporary_total",
        Count,
        "Clusters read to pages of their own",
    ),
    metric("reads", "reads", One, "Reads that are under way"),
    metric(
        "shared_inodes",
        "shared_inodes",
        One,
        "Files that are bound to content",
    ),
    metric(
        "temporary_bytes",
        "temporary_bytes",
        One,
        "Memory of clusters that are being read or decoded",
    ),
    metric(
        "temporary_bytes_limit",
        "temporary_limit_bytes",
        One,
        "What that may be at most",
    ),
    metric(
        "temporary_bytes_peak",
        "temporary_peak_bytes",
        One,
        "The most that it was",
    ),
];

/// The metrics of a directory: those that are known, and others as they are.
fn names(known: &'static [Metric], numbers: &Numbers) -> Vec<(String, String, Unit, String)> {
    let mut found = Vec::new();
    for file in numbers.keys() {
        found.push(match known.iter().find(|metric| metric.file == file) {
            Some(metric) => (
                file.clone(),
                metric.name.to_string(),
                metric.unit,
                metric.help.to_string(),
            ),
            None => (
                file.clone(),
                file.clone(),
                One,
                format!("{file} of /sys/fs/cofs"),
            ),
        });
    }
    found
}

fn value(number: i64, unit: Unit, page_size: u64) -> String {
    let times = |factor: u64| (i128::from(number) * i128::from(factor)).to_string();
    match unit {
        Count | One => number.to_string(),
        Pages => times(page_size),
        Mib if number < 0 => "+Inf".into(),
        Mib => times(1 << 20),
    }
}

/// A label's value, with what would end it escaped.
fn label(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    text.replace('\n', "\\n")
}

fn head(text: &mut String, name: &str, unit: Unit, help: &str) {
    let kind = if unit == Count { "counter" } else { "gauge" };
    *text += &format!("# HELP {name} {help}.\n# TYPE {name} {kind}\n");
}

/// All of it as text.
fn text(kernel: Option<&Kernel>) -> String {
    let mut text = String::new();
    head(
        &mut text,
        "cofs_loaded",
        One,
        "Whether the module is loaded",
    );
    text += &format!("cofs_loaded {}\n", u8::from(kernel.is_some()));
    let Some(kernel) = kernel else {
        return text;
    };
    for (file, name, unit, help) in names(&ALL, &kernel.numbers) {
        let name = format!("cofs_{name}");
        head(&mut text, &name, unit, &help);
        let value = value(kernel.numbers[&file], unit, kernel.page_size);
        text += &format!("{name} {value}\n");
    }
    head(
        &mut text,
        "cofs_image_mounts",
        One,
        "Directories that the image is mounted on",
    );
    for mount in &kernel.mounts {
        let disk = label(&mount.disk);
        let count = mount.directories.len();
        text += &format!("cofs_image_mounts{{disk=\"{disk}\"}} {count}\n");
    }
    // A metric's lines are in one place, whatever the images.
    let mut all = Numbers::new();
    for mount in &kernel.mounts {
        all.extend(mount.numbers.clone());
    }
    for (file, name, unit, help) in names(&EACH, &all) {
        let name = format!("cofs_image_{name}");
        head(&mut text, &name, unit, &help);
        for mount in &kernel.mounts {
            if let Some(&number) = mount.numbers.get(&file) {
                let disk = label(&mount.disk);
                let value = value(number, unit, kernel.page_size);
                text += &format!("{name}{{disk=\"{disk}\"}} {value}\n");
            }
        }
    }
    text
}

/// Puts the file there as a whole: whoever reads the directory sees the old one or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    // Not what the collector looks for.
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = fs::File::create(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.set_permissions(Permissions::from_mode(0o644))?;
        fs::rename(&beside, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

pub(crate) fn run(arguments: &cli::Metrics, out: &mut Output) -> Result<Verdict> {
    let kernel = Kernel::read(&kernel::root(arguments.root.as_ref()))?;
    let text = text(kernel.as_ref());
    match &arguments.output {
        Some(path) => {
            replace(path, &text).map_err(|error| Failure::of(path.display(), error))?;
        }
        None => out.text(&text)?,
    }
    Ok(Verdict::Sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(value(-1, Mib, 4096), "+Inf");
        assert_eq!(value(3, Mib, 4096), "3145728");
        assert_eq!(value(3, Pages, 16384), "49152");
        assert_eq!(value(3, Count, 4096), "3");
    }

    #[test]
    fn labels() {
        assert_eq!(label("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    }

    #[test]
    fn tables_are_sorted_and_named_as_prometheus_wants() {
        for table in [&ALL[..], &EACH[..]] {
            assert!(table.is_sorted_by_key(|metric| metric.file));
            for metric in table {
                assert_eq!(metric.name.ends_with("_total"), metric.unit == Count);
                let bytes = matches!(metric.unit, Pages | Mib) || metric.file.contains("bytes");
                assert_eq!(metric.name.ends_with("_bytes"), bytes, "{}", metric.name);
            }
        }
    }
}
