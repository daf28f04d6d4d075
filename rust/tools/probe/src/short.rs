// SPDX-License-Identifier: GPL-2.0
//! Devices that end too early, or fail: the reference reader's answer, or an error.

use std::path::Path;

use crate::against;
use crate::damage::{look, Copy, Seen, Verdict, PIECE};
use crate::error::{Context, Result};
use crate::manifest;

/// Cuts an image at each multiple of `step`. The judge is the reader, on the same part.
pub(crate) fn cuts(kind: &str, image: &Path, step: usize) -> Result<bool> {
    let whole = std::fs::read(image).what(|| format!("read {}", image.display()))?;
    let copy = Copy::new();
    let (mut counts, mut refused) = ([0; 4], 0);
    for len in (step..=whole.len()).step_by(step) {
        let part = &whole[..len];
        copy.write(part)?;
        let ours = look(kind, &copy.path)?;
        refused += u32::from(matches!(ours, Seen::Refused(_)));
        let (verdict, text) =
            against::reader(&ours, &manifest::of_devices(part, &[], PIECE), false);
        counts[verdict as usize] += 1;
        if verdict > Verdict::Stricter {
            println!("# cut at {len}: {verdict:?}: {text}");
        }
    }
    let [same, stricter, laxer, different] = counts;
    println!(
        "same={same} stricter={stricter} laxer={laxer} different={different} refused={refused}"
    );
    Ok(laxer + different == 0)
}

/// A device that holds `image` and fails in places: nothing is said of it but what the intact image
/// says, or errors. Prints the errno of a mount that is refused, or how many errors were met.
pub(crate) fn failing(kind: &str, device: &Path, image: &Path) -> Result<bool> {
    let whole = std::fs::read(image).what(|| format!("read {}", image.display()))?;
    let ours = look(kind, device)?;
    match &ours {
        Seen::Refused(error) => println!("{error}"),
        Seen::Tree(lines) => {
            let words = lines.iter().flat_map(|line| line.split(' '));
            println!("{}", words.filter(|word| word.contains("=E")).count());
        }
    }
    let (verdict, text) = against::reader(&ours, &manifest::of_devices(&whole, &[], PIECE), false);
    if verdict > Verdict::Stricter {
        println!("# {verdict:?}: {text}");
    }
    Ok(verdict <= Verdict::Stricter)
}
