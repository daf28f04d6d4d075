// SPDX-License-Identifier: GPL-2.0
//! The names of files of which the kernel tells numbers, looked for in the directories that their images
//! are mounted on.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::Path;

use crate::kernel::Kernel;
use crate::output::show;
use crate::sharing::{Content, Sharer};

/// As many names of an image are looked at.
const MOST: u64 = 500_000;

/// The names that were found, or were not, by image, number and fingerprint.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<(String, u64, String), Option<String>>);

impl Names {
    /// Gives the contents their paths. What was looked for before is not looked for again.
    pub(crate) fn give(&mut self, kernel: &Kernel, contents: &mut [Content]) {
        for mount in &kernel.mounts {
            let Some((dir, dev)) = mount.paths.iter().find(|(dir, dev)| is_on(dir, *dev)) else {
                continue;
            };
            let mut here: Vec<_> = contents
                .iter_mut()
                .filter(|content| content.path.is_none())
                .filter_map(|content| {
                    let own = |sharer: &&Sharer| sharer.disk == mount.disk;
                    let ino = content.sharers.iter().find(own)?.ino;
                    let key = (mount.disk.clone(), ino, content.fingerprint.clone());
                    Some((key, content))
                })
                .collect();
            let unknown = here.iter().filter(|(key, _)| !self.0.contains_key(key));
            let mut wanted: HashMap<_, _> = unknown.map(|((_, ino, _), _)| (*ino, None)).collect();
            if !wanted.is_empty() {
                find(dir, *dev, &mut wanted);
            }
            for (key, content) in &mut here {
                let found = || wanted.get(&key.1).cloned().flatten();
                let path = self.0.entry(key.clone()).or_insert_with(found);
                content.path.clone_from(path);
            }
        }
    }
}

/// Whether `dir` is a directory on device `dev`, and not what else may be mounted there.
fn is_on(dir: &Path, dev: u64) -> bool {
    fs::symlink_metadata(dir).is_ok_and(|found| found.is_dir() && found.dev() == dev)
}

/// Fills in the paths of the files with the numbers `wanted` below `top`, on device `dev`. Only reads
/// directories.
fn find(top: &Path, dev: u64, wanted: &mut HashMap<u64, Option<String>>) {
    let mut missing = wanted.len();
    let mut seen = 0;
    let mut dirs = vec![top.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        if !is_on(&dir, dev) {
            continue;
        }
        let Ok(entries) = fs::read_dir(&dir) else {
            continue;
        };
        for entry in entries.flatten() {
            seen += 1;
            if missing == 0 || seen > MOST {
                return;
            }
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                dirs.push(entry.path());
            } else if let Some(path @ None) = wanted.get_mut(&entry.ino()) {
                *path = Some(show(entry.path().as_os_str().as_encoded_bytes()));
                missing -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_number() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b\nc");
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(&path, "text").unwrap();
        let found = fs::metadata(&path).unwrap();
        let search = |dev| {
            let mut wanted = HashMap::from([(found.ino(), None), (u64::MAX, None)]);
            find(dir.path(), dev, &mut wanted);
            assert_eq!(wanted.remove(&u64::MAX), Some(None));
            wanted.remove(&found.ino()).unwrap()
        };
        let shown = format!("{}/a/b\\nc", dir.path().display());
        assert_eq!(search(found.dev()), Some(shown));
        assert_eq!(search(found.dev() + 1), None);
    }
}
