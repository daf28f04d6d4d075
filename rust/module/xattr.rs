// SPDX-License-Identifier: GPL-2.0

//! Extended attributes and POSIX ACLs.

use crate::{
    error,
    mount::Image,
    sys::errno,
    vfs::{
        inode::Inode,
        inode_ops::Acl,
        xattr::{
            self,
            Lister,
            Namespace, //
        }, //
    }, //
};
use cofs_core::format::xattr as disk;
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

fn index(namespace: Namespace) -> u8 {
    match namespace {
        Namespace::User => disk::INDEX_USER,
        Namespace::Trusted => disk::INDEX_TRUSTED,
        Namespace::Security => disk::INDEX_SECURITY,
    }
}

/// The value of an attribute, as in [`cofs_core::xattr::get`].
pub(crate) fn get(inode: &Inode<Image>, index: u8, name: &[u8], out: &mut [u8]) -> Result<usize> {
    let mount = inode.super_block().mount();
    let node = &inode.node().disk;
    cofs_core::xattr::get(
        &mount.metadata(),
        &mount.disk,
        node,
        mount.prefixes()?,
        index,
        name,
        out,
    )
    .map_err(|e| mount.failed(node.nid(), e))
}

impl xattr::Operations for Image {
    fn get(
        inode: &Inode<Self>,
        namespace: Namespace,
        name: &[u8],
        out: &mut [u8],
    ) -> Result<usize> {
        let mount = inode.super_block().mount();
        if namespace == Namespace::User && !mount.user_xattr.load(Relaxed) {
            return Err(errno::unsupported());
        }
        get(inode, index(namespace), name, out)
    }
}

/// `->listxattr`.
pub(crate) fn list(inode: &Inode<Image>, list: &mut Lister<'_>) -> Result {
    let sb = inode.super_block();
    let mount = sb.mount();
    let node = &inode.node().disk;
    let mut full = None;
    let walked = cofs_core::xattr::list(
        &mount.metadata(),
        &mount.disk,
        node,
        mount.prefixes()?,
        |name| {
            let prefix: &[u8] = match name.index {
                disk::INDEX_USER if mount.user_xattr.load(Relaxed) => b"user.",
                disk::INDEX_TRUSTED if list.may_see_trusted() => b"trusted.",
                disk::INDEX_SECURITY => b"security.",
                disk::INDEX_POSIX_ACL_ACCESS if sb.shows_acl() => b"system.posix_acl_access",
                disk::INDEX_POSIX_ACL_DEFAULT if sb.shows_acl() => b"system.posix_acl_default",
                _ => return Ok(()),
            };
            list.add(&[prefix, name.infix, name.suffix]).map_err(|e| {
                full = Some(e);
                cofs_core::Error::Range
            })
        },
    );
    match (walked, full) {
        (_, Some(e)) => Err(e),
        (Err(e), None) => Err(mount.failed(node.nid(), e)),
        (Ok(()), None) => Ok(()),
    }
}

/// The value of a POSIX ACL, `None` where there is none.
pub(crate) fn acl(inode: &Inode<Image>, kind: Acl) -> Result<Option<KVec<u8>>> {
    let index = match kind {
        Acl::Access => disk::INDEX_POSIX_ACL_ACCESS,
        Acl::Default => disk::INDEX_POSIX_ACL_DEFAULT,
    };
    value(inode, index, b"")
}

/// The whole value of an attribute, `None` where there is none.
pub(crate) fn value(inode: &Inode<Image>, index: u8, name: &[u8]) -> Result<Option<KVec<u8>>> {
    let size = match get(inode, index, name, &mut []) {
        Ok(size) => size,
        Err(e) if e == error::from_core(cofs_core::Error::NoData) => return Ok(None),
        Err(e) => return Err(e),
    };
    let mut value = KVec::from_elem(0, size, GFP_KERNEL)?;
    let read = get(inode, index, name, &mut value)?;
    if read != size {
        return Err(errno::corrupted());
    }
    Ok(Some(value))
}
