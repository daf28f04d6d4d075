// SPDX-License-Identifier: GPL-2.0
//! An image with compressed files, on a filesystem that cannot read those.

use std::path::Path;

use rustix::fs::{statx, AtFlags, FileType, StatxAttributes, StatxFlags, CWD};
use rustix::io::Errno;

use crate::content;
use crate::error::{outcome, Context, Result};
use crate::mounting::Mounted;
use crate::walk;

/// Every compressed file is refused with EOPNOTSUPP, unless `subject` reads it right; all other
/// files are equal.
pub(crate) fn run(subject: &str, reference: &str, image: &Path) -> Result<bool> {
    let want = Mounted::new(reference, "", image)?;
    let got = Mounted::new(subject, "", image)?;
    let (mut compressed, mut others, mut faults) = (0, 0, 0);
    let ours = walk::walk(&got.dir)?;
    for theirs in walk::walk(&want.dir)? {
        let ours = ours.iter().find(|n| n.path == theirs.path);
        let name = walk::show(theirs.path.as_os_str());
        let line = ours.map_or("", |n| n.line.as_str());
        let mut fault = |text: String| {
            println!("{name}: {text}");
            faults += 1;
        };
        if theirs.kind == FileType::RegularFile && is_compressed(&want.dir.join(&theirs.path))? {
            compressed += 1;
            let refused = refusal(&got.dir.join(&theirs.path));
            let read = compare(&got.dir, &want.dir, &theirs);
            if !["EOPNOTSUPP", "EIO"].contains(&refused.as_str()) && read.is_err() {
                fault(format!("{refused}, not EOPNOTSUPP"));
            }
            continue;
        }
        others += 1;
        if line != theirs.line {
            fault(format!("'{line}', reference '{}'", theirs.line));
        }
        if theirs.kind == FileType::RegularFile {
            if let Err(e) = compare(&got.dir, &want.dir, &theirs) {
                fault(e);
            }
        }
    }
    println!("compressed={compressed} others={others} faults={faults}");
    Ok(faults == 0)
}

fn is_compressed(path: &Path) -> Result<bool> {
    let st = statx(
        CWD,
        path,
        AtFlags::SYMLINK_NOFOLLOW,
        StatxFlags::BASIC_STATS,
    )
    .what(|| format!("statx {}", path.display()))?;
    Ok(st.stx_attributes.contains(StatxAttributes::COMPRESSED))
}

/// The errno of open, or of the first read.
fn refusal(path: &Path) -> String {
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
    let read = rustix::fs::open(path, flags, rustix::fs::Mode::empty())
        .and_then(|fd| rustix::io::read(&fd, &mut [0u8; 64]));
    match read {
        Err(Errno::OPNOTSUPP) => "EOPNOTSUPP".to_string(),
        other => outcome(other),
    }
}

fn compare(got: &Path, want: &Path, node: &walk::Node) -> Result<()> {
    let reference = content::open(&want.join(&node.path))?;
    let golden = content::golden(&reference, node.size)?;
    content::compare(&got.join(&node.path), node.size, &golden, "read")
}
