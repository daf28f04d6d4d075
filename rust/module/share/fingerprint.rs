// SPDX-License-Identifier: GPL-2.0

//! What a file claims to contain.

use super::Domain;
use crate::{
    mount::Image,
    sys::errno,
    vfs::inode::Inode, //
};
use cofs_core::format::xattr::{
    INDEX_SECURITY,
    INDEX_TRUSTED,
    INDEX_USER, //
};
use kernel::prelude::*;

/// The name of the attribute that holds the fingerprint: namespace and rest.
#[derive(PartialEq)]
pub(crate) struct FingerprintName {
    index: u8,
    name: KVec<u8>,
}

impl FingerprintName {
    /// From a full name; `None` if that is in no namespace that has handlers.
    pub(crate) fn parse(full: &[u8]) -> Result<Option<Self>> {
        let namespaces: [(&[u8], u8); 3] = [
            (b"user.", INDEX_USER),
            (b"trusted.", INDEX_TRUSTED),
            (b"security.", INDEX_SECURITY),
        ];
        for (prefix, index) in namespaces {
            match full.strip_prefix(prefix) {
                Some(rest) if !rest.is_empty() => {
                    let mut name = KVec::new();
                    name.extend_from_slice(rest, GFP_KERNEL)?;
                    return Ok(Some(Self { index, name }));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// `trusted.erofs.fingerprint`.
    pub(crate) fn default_name() -> Result<Self> {
        Self::parse(b"trusted.erofs.fingerprint")?.ok_or(EINVAL)
    }
}

/// The fingerprint of `inode`. `None` where it has none to share by: then its pages are its own.
pub(super) fn read(inode: &Inode<Image>, domain: &Domain) -> Result<Option<KVec<u8>>> {
    let sb = inode.super_block();
    let mount = sb.mount();
    let disk = &inode.node().disk;
    if disk.size() == 0 || disk.xattr_size() == 0 {
        return Ok(None);
    }
    let prefixes = mount.prefixes()?;
    let get = |out: &mut [u8]| match mount.disk.ishare_prefix() {
        Some(id) => {
            cofs_core::xattr::get_long(&mount.metadata(), &mount.disk, disk, prefixes, id, out)
        }
        None => cofs_core::xattr::get(
            &mount.metadata(),
            &mount.disk,
            disk,
            prefixes,
            domain.fingerprint.index,
            &domain.fingerprint.name,
            out,
        ),
    };
    let size = match get(&mut []) {
        Ok(size) => size,
        // A device that fails now may not fail at the next open; a broken attribute is no name.
        Err(e @ cofs_core::Error::Source(_)) => return Err(mount.failed(disk.nid(), e)),
        Err(_) => return Ok(None),
    };
    if size == 0 || size as u64 > mount.disk.block_size() {
        return Ok(None);
    }
    let mut value = KVec::from_elem(0, size, GFP_KERNEL)?;
    match get(&mut value) {
        Ok(read) if read == size => Ok(Some(value)),
        Ok(_) => Err(errno::corrupted()),
        Err(e) => Err(mount.failed(disk.nid(), e)),
    }
}
