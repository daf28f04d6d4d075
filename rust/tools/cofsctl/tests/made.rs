// SPDX-License-Identifier: GPL-2.0
//! The man pages and completions are those of this command line.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::cofsctl;

fn files(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for below in ["man", "completions"] {
        for entry in fs::read_dir(dir.join(below)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{below}/{}", path.file_name().unwrap().to_str().unwrap());
            found.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    found
}

#[test]
fn are_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    cofsctl(["generate".as_ref(), dir.path()]).with(0);
    let (made, kept) = (
        files(dir.path()),
        files(Path::new(env!("CARGO_MANIFEST_DIR"))),
    );
    assert!(made.contains_key("man/cofsctl-inspect.1"), "{made:?}");
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&made), names(&kept), "run scripts/cofsctl-docs.sh");
    for (name, text) in &made {
        assert!(*text == kept[name], "{name}: run scripts/cofsctl-docs.sh");
    }
}
