// SPDX-License-Identifier: GPL-2.0
//! What files claim to contain, and what they do.

use cofs_core::format::xattr::{INDEX_SECURITY, INDEX_TRUSTED, INDEX_USER};
pub(crate) use cofs_core::share::fingerprint::sha256 as sha256_of;
use cofs_core::xattr::{self, LongPrefixes};
use cofs_core::{Error, Inode, Kind, Result};
use cofs_reader::Image;
use sha2::{Digest, Sha256};

use crate::output::{hex, show};

/// What an image has them in if its superblock does not say.
pub(crate) const DEFAULT_NAME: &str = "trusted.erofs.fingerprint";

/// How fingerprints by SHA-256 start; 32 bytes follow.
const SHA256: &[u8] = b"sha256:";

/// The name of the attribute: the index of its namespace, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    index: u8,
    rest: String,
}

impl std::str::FromStr for Name {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let namespaces = [
            ("user.", INDEX_USER),
            ("trusted.", INDEX_TRUSTED),
            ("security.", INDEX_SECURITY),
        ];
        let found = namespaces
            .iter()
            .find_map(|(prefix, index)| Some((*index, name.strip_prefix(prefix)?)));
        match found {
            Some((index, rest)) if !rest.is_empty() => Ok(Self {
                index,
                rest: rest.into(),
            }),
            _ => Err("the name of an attribute in user., trusted. or security. is wanted".into()),
        }
    }
}

impl Name {
    /// The whole name.
    pub(crate) fn full(&self) -> String {
        let space = match self.index {
            INDEX_USER => "user",
            INDEX_TRUSTED => "trusted",
            _ => "security",
        };
        format!("{space}.{}", self.rest)
    }
}

/// Reads the fingerprints of one image.
pub(crate) struct Fingerprints<'a> {
    image: &'a Image,
    prefixes: Result<LongPrefixes>,
    name: &'a Name,
}

impl<'a> Fingerprints<'a> {
    /// `name` is for images whose superblock names no attribute.
    pub(crate) fn new(image: &'a Image, name: &'a Name) -> Self {
        Self {
            image,
            prefixes: image.prefixes(),
            name,
        }
    }

    /// What a mount goes by for a regular file that is not empty.
    pub(crate) fn of(&self, inode: &Inode) -> Result<Option<Vec<u8>>> {
        if inode.kind() != Kind::Regular || inode.size() == 0 || inode.xattr_size() == 0 {
            return Ok(None);
        }
        let prefixes = self.prefixes.as_ref().map_err(|&error| error)?;
        let (image, sb) = (self.image, self.image.superblock());
        let get = |out: &mut [u8]| match sb.ishare_prefix() {
            Some(id) => xattr::get_long(image, sb, inode, prefixes, id, out),
            None => {
                let name = self.name.rest.as_bytes();
                xattr::get(image, sb, inode, prefixes, self.name.index, name, out)
            }
        };
        let size = match get(&mut []) {
            Ok(size) => size,
            Err(Error::NoData) => return Ok(None),
            Err(error) => return Err(error),
        };
        // The kernel takes none that is larger.
        if size == 0 || size as u64 > sb.block_size() {
            return Ok(None);
        }
        let mut value = vec![0; size];
        get(&mut value)?;
        Ok(Some(value))
    }

    /// All attributes by their names, with the sizes of their values.
    pub(crate) fn attributes(&self, inode: &Inode) -> Result<Vec<String>> {
        let prefixes = self.prefixes.as_ref().map_err(|&error| error)?;
        let mut names = Vec::new();
        xattr::list(self.image, self.image.superblock(), inode, prefixes, |n| {
            let space = match n.index {
                INDEX_USER => "user.",
                2 => "system.posix_acl_access",
                3 => "system.posix_acl_default",
                INDEX_TRUSTED => "trusted.",
                INDEX_SECURITY => "security.",
                _ => "?.",
            };
            names.push(format!("{space}{}{}", show(n.infix), show(n.suffix)));
            Ok(())
        })?;
        Ok(names)
    }
}

/// The fingerprint that belongs to a digest.
pub(crate) fn by_sha256(hasher: Sha256) -> Vec<u8> {
    [SHA256, &hasher.finalize()].concat()
}

/// A fingerprint for people and programs: `sha256:` and digits, or what it is.
pub(crate) fn display(value: &[u8]) -> String {
    match sha256_of(value) {
        Some(digest) => format!("sha256:{}", hex(digest)),
        None => show(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let value = by_sha256(Sha256::new());
        assert_eq!(value.len(), 39);
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(display(&value), empty);
        assert_eq!(display(b"sha256:0\n"), "sha256:0\\n");
        assert_eq!(sha256_of(&value[..38]), None);
    }

    #[test]
    fn names() {
        let name: Name = DEFAULT_NAME.parse().unwrap();
        assert_eq!((name.index, &*name.rest), (4, "erofs.fingerprint"));
        assert_eq!(name.full(), DEFAULT_NAME);
        for bad in ["", "user.", "system.x", "fingerprint"] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }
}
