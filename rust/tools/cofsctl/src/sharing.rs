// SPDX-License-Identifier: GPL-2.0
//! Who shares what with whom: the contents that debugfs lists, by domain and by what they save.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::kernel::Kernel;
use crate::output::show;

/// A file of an image that is bound to content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sharer {
    pub(crate) disk: String,
    pub(crate) nid: u64,
    /// What stat(2) says.
    pub(crate) ino: u64,
}

/// Content, which files of images may have in common.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Content {
    pub(crate) fingerprint: String,
    pub(crate) domain: String,
    pub(crate) share: String,
    pub(crate) size: u64,
    pub(crate) cached_bytes: u64,
    pub(crate) saved_bytes: u64,
    /// One of its names, where it could be found.
    pub(crate) path: Option<String>,
    pub(crate) sharers: Vec<Sharer>,
}

/// Images that share with each other, and with no others.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Domain {
    /// What the kernel calls it.
    pub(crate) domain: String,
    /// `claim` or `verify`, which share nothing with each other.
    pub(crate) share: String,
    /// As they are called below `/sys/fs/cofs`.
    pub(crate) mounts: Vec<String>,
    /// Contents that two or more files have in common.
    pub(crate) shared_files: u64,
    /// All files of images that are bound to content.
    pub(crate) sharers: u64,
    /// Page cache of the shared files, in which each is once.
    pub(crate) shared_bytes: u64,
    pub(crate) saved_bytes: u64,
    pub(crate) lingering_bytes: u64,
}

/// What only root sees, and only where debugfs is mounted.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Sharing {
    pub(crate) domains: Vec<Domain>,
    /// What saves most, first.
    pub(crate) biggest: Vec<Content>,
}

impl Sharing {
    /// Reads it below `root`, which is `/`, with the `top` biggest files.
    pub(crate) fn read(root: &Path, kernel: &Kernel, top: usize) -> Option<Self> {
        let text = fs::read(root.join("sys/kernel/debug/cofs/sharers")).ok()?;
        let text = String::from_utf8_lossy(&text);
        let contents = contents(&text, kernel.page_size);
        let domains = domains(kernel, &contents);
        let mut biggest: Vec<_> = contents.into_values().collect();
        biggest.retain(|content| content.sharers.len() > 1);
        biggest.sort_by_key(|content| Reverse(content.saved_bytes));
        biggest.truncate(top);
        Some(Self { domains, biggest })
    }
}

/// The contents by their numbers, from a line for each sharer: a fingerprint, `NAME=VALUE`, and words.
fn contents(text: &str, page_size: u64) -> BTreeMap<&str, Content> {
    let mut found = BTreeMap::<_, Content>::new();
    for line in text.lines() {
        let value = |name: &str| {
            let mut words = line.split(' ');
            words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        };
        let number = |name| value(name).and_then(|value| value.parse::<u64>().ok());
        let (Some(number_of), Some(domain)) = (value("content"), value("domain")) else {
            continue;
        };
        let content = found.entry(number_of).or_default();
        content.fingerprint = word(line.split(' ').next().unwrap_or_default());
        content.domain = word(domain);
        let verified = line.split(' ').any(|word| word == "verified");
        content.share = if verified { "verify" } else { "claim" }.into();
        content.size = number("size").unwrap_or(0);
        content.cached_bytes = number("pages").unwrap_or(0).saturating_mul(page_size);
        if let (Some(disk), Some(nid)) = (value("image"), number("nid")) {
            let (disk, ino) = (word(disk), number("ino").unwrap_or(nid));
            content.sharers.push(Sharer { disk, nid, ino });
        }
    }
    for content in found.values_mut() {
        let more = content.sharers.len().saturating_sub(1) as u64;
        content.saved_bytes = content.cached_bytes.saturating_mul(more);
    }
    found
}

fn word(word: &str) -> String {
    show(word.as_bytes())
}

/// The domains of what is mounted and of what lingers; what saves most, first.
fn domains(kernel: &Kernel, contents: &BTreeMap<&str, Content>) -> Vec<Domain> {
    let mut found = BTreeMap::new();
    fn entry<'a>(
        found: &'a mut BTreeMap<(String, String), Domain>,
        domain: &str,
        share: &str,
    ) -> &'a mut Domain {
        let key = (domain.to_string(), share.to_string());
        found.entry(key).or_insert_with(|| Domain {
            domain: domain.into(),
            share: share.into(),
            ..Domain::default()
        })
    }
    for mount in &kernel.mounts {
        if let (Some(domain), Some(share)) = (&mount.domain, &mount.share) {
            let domain = entry(&mut found, domain, share);
            domain.mounts.push(mount.disk.clone());
        }
    }
    for content in contents.values() {
        let domain = entry(&mut found, &content.domain, &content.share);
        domain.sharers += content.sharers.len() as u64;
        domain.saved_bytes = domain.saved_bytes.saturating_add(content.saved_bytes);
        let sum = match content.sharers.len() {
            0 => &mut domain.lingering_bytes,
            1 => continue,
            _ => {
                domain.shared_files += 1;
                &mut domain.shared_bytes
            }
        };
        *sum = sum.saturating_add(content.cached_bytes);
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by_key(|domain| Reverse(domain.saved_bytes));
    found
}
