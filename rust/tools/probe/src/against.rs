// SPDX-License-Identifier: GPL-2.0
//! A mount against the reference reader: the same answer to each question, or an error.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::damage::{Seen, Verdict};

/// Another errno than the reader's is [`Verdict::Stricter`] where a mount is refused, and no difference elsewhere.
/// A file's bytes where the reader has an error are stricter, too, if they are of a `broken` stream: decoders
/// find out at different places.
pub(crate) fn reader(ours: &Seen, theirs: &Seen, broken: bool) -> (Verdict, String) {
    match (ours, theirs) {
        (Seen::Refused(got), Seen::Refused(want)) if got == want => (Verdict::Same, got.clone()),
        (Seen::Refused(got), Seen::Refused(want)) => {
            (Verdict::Stricter, format!("{got}, reader {want}"))
        }
        (Seen::Refused(got), Seen::Tree(_)) => (Verdict::Stricter, format!("mount: {got}")),
        (Seen::Tree(_), Seen::Refused(want)) => (Verdict::Laxer, format!("mounts, reader {want}")),
        (Seen::Tree(got), Seen::Tree(want)) => trees(got, want, broken),
    }
}

fn path(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

/// The worst verdict on any line.
fn trees(got: &[String], want: &[String], broken: bool) -> (Verdict, String) {
    let mut wanted: HashMap<&str, VecDeque<&str>> = HashMap::new();
    for line in want {
        wanted.entry(path(line)).or_default().push_back(line);
    }
    let mut worst = (Verdict::Same, format!("{} names", got.len()));
    // Where an error may have hidden what lies below.
    let mut hidden = HashSet::new();
    for ours in got {
        let theirs = wanted.get_mut(path(ours)).and_then(VecDeque::pop_front);
        let verdict = theirs.map_or(Verdict::Different, |theirs| line(ours, theirs, broken));
        if verdict == Verdict::Stricter {
            hidden.insert(path(ours));
        }
        if verdict > worst.0 {
            let theirs = theirs.unwrap_or("nothing");
            worst = (verdict, format!("{ours} | reader {theirs}"));
        }
    }
    for line in want {
        let missing = wanted.get_mut(path(line)).and_then(VecDeque::pop_front);
        let Some(missing) = missing.map(path) else {
            continue;
        };
        let parent = missing.rsplit_once('/').map_or(".", |(parent, _)| parent);
        if hidden.contains(parent) {
            hidden.insert(missing);
        } else if Verdict::Different > worst.0 {
            worst = (Verdict::Different, format!("{missing} is missing"));
        }
    }
    worst
}

/// Word by word.
fn line(ours: &str, theirs: &str, broken: bool) -> Verdict {
    fn words(line: &str) -> impl Iterator<Item = &str> {
        // What only a mount has.
        let mount = |word: &&str| !word.starts_with("mask=") && !word.starts_with("attributes=");
        line.split(' ').filter(mount)
    }
    let is_error = |word: &str| word.contains("=E");
    let mut theirs = words(theirs);
    let mut verdict = Verdict::Same;
    for got in words(ours) {
        let want = theirs.next().unwrap_or_default();
        // One of two digests, where the reader has two.
        let digests = want.starts_with(|c: char| c.is_ascii_digit());
        if got == want || digests && want.split('|').any(|want| got == want) {
            continue;
        }
        let single = got.starts_with("read=") || want.split('=').next() == got.split('=').next();
        if is_error(got) && is_error(want) && single {
            continue;
        }
        if is_error(got) {
            // What follows in the line may be missing but for a single value.
            verdict = Verdict::Stricter;
            if !single {
                return verdict;
            }
        } else if broken && want.starts_with("read=") {
            verdict = Verdict::Stricter;
        } else if is_error(want) {
            return Verdict::Laxer;
        } else if got.starts_with("entries=") && ours.contains(" readdir=E") {
            return Verdict::Stricter;
        } else {
            return Verdict::Different;
        }
    }
    match theirs.next() {
        None => verdict,
        Some(_) if verdict == Verdict::Stricter => verdict,
        Some(_) => Verdict::Different,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(lines: &[&str]) -> Seen {
        Seen::Tree(lines.iter().map(|line| (*line).to_string()).collect())
    }

    #[test]
    fn lines() {
        for (ours, theirs, verdict) in [
            (
                "a size=1 user.x=1:f 5:d",
                "a size=1 user.x=1:f 5:d",
                Verdict::Same,
            ),
            ("a size=1 mask=17df 5:d", "a size=1 5:d", Verdict::Same),
            ("a size=1 5:d", "a size=1 5:c|5:d", Verdict::Same),
            ("a size=1 5:e", "a size=1 5:c|5:d", Verdict::Different),
            ("a size=2 5:d", "a size=1 5:d", Verdict::Different),
            (
                "a size=1 5:d",
                "a size=1 user.x=1:f 5:d",
                Verdict::Different,
            ),
            (
                "a size=1 user.x=1:f 5:d",
                "a size=1 5:d",
                Verdict::Different,
            ),
            ("a size=1", "a size=1 5:d", Verdict::Different),
            ("a size=1 5:d", "a size=1 read=EIO", Verdict::Laxer),
            ("a size=1", "a statx=EUCLEAN", Verdict::Laxer),
            ("a statx=EUCLEAN", "a size=1 5:d", Verdict::Stricter),
            ("a size=1 read=EIO", "a size=1 5:d", Verdict::Stricter),
            ("a user.x=EIO 5:d", "a user.x=1:f 5:d", Verdict::Stricter),
            ("a user.x=EIO 5:c", "a user.x=1:f 5:d", Verdict::Different),
            (
                "a entries=1 [c] readdir=EIO",
                "a entries=2 [d]",
                Verdict::Stricter,
            ),
            ("a entries=1 [c]", "a entries=2 [d]", Verdict::Different),
        ] {
            assert_eq!(line(ours, theirs, false), verdict, "{ours} | {theirs}");
        }
    }

    #[test]
    fn broken_streams() {
        for (ours, theirs, verdict) in [
            ("a size=1 5:d", "a size=1 read=EIO", Verdict::Stricter),
            ("a size=1 5:d", "a size=1 5:c", Verdict::Different),
            ("a size=1 5:d", "a size=1 open=EIO", Verdict::Laxer),
            ("a size=2 5:d", "a size=1 read=EIO", Verdict::Different),
        ] {
            assert_eq!(line(ours, theirs, true), verdict, "{ours} | {theirs}");
        }
    }

    #[test]
    fn names() {
        let want = tree(&[". entries=1 [d]", "a entries=1 [d]", "a/b size=1 1:d"]);
        for (ours, verdict) in [
            (
                vec![". entries=1 [d]", "a entries=1 [d]", "a/b size=1 1:d"],
                Verdict::Same,
            ),
            (vec![". entries=1 [d]", "a open=EIO"], Verdict::Stricter),
            (vec![". open=EIO"], Verdict::Stricter),
            (
                vec![". entries=1 [d]", "a entries=1 [d]"],
                Verdict::Different,
            ),
            (
                vec![". entries=1 [d]", "a open=EIO", "c size=1"],
                Verdict::Different,
            ),
        ] {
            assert_eq!(reader(&tree(&ours), &want, false).0, verdict, "{ours:?}");
        }
    }

    #[test]
    fn mounts() {
        let refused = |error: &str| Seen::Refused(error.to_string());
        let sound = tree(&[". size=1"]);
        assert_eq!(reader(&sound, &refused("EINVAL"), false).0, Verdict::Laxer);
        assert_eq!(
            reader(&refused("EINVAL"), &sound, false).0,
            Verdict::Stricter
        );
        assert_eq!(
            reader(&refused("EIO"), &refused("EINVAL"), false).0,
            Verdict::Stricter
        );
        assert_eq!(
            reader(&refused("EINVAL"), &refused("EINVAL"), false).0,
            Verdict::Same
        );
    }
}
