// SPDX-License-Identifier: GPL-2.0
//! Extended attributes as listxattr(2) and getxattr(2) give them to root.

use cofs_core::format::xattr as disk;
use cofs_core::{xattr, Error, Inode, Kind};
use rustix::io::{self, Errno};

use super::{errno, Image};

/// XATTR_LIST_MAX
const LIST_MAX: usize = 65_536;
const ACCESS: &[u8] = b"system.posix_acl_access";
const DEFAULT: &[u8] = b"system.posix_acl_default";
const PREFIXES: [(u8, &[u8]); 5] = [
    (disk::INDEX_USER, b"user."),
    (disk::INDEX_TRUSTED, b"trusted."),
    (disk::INDEX_SECURITY, b"security."),
    (disk::INDEX_POSIX_ACL_ACCESS, ACCESS),
    (disk::INDEX_POSIX_ACL_DEFAULT, DEFAULT),
];

impl Image<'_> {
    pub(super) fn list_attributes(&self, inode: &Inode) -> io::Result<Vec<u8>> {
        let mut list = Vec::new();
        let prefixes = self.prefixes.as_ref().ok_or(Errno::IO)?;
        let listed = xattr::list(&self.device, &self.sb, inode, prefixes, |name| {
            if let Some((_, prefix)) = PREFIXES.iter().find(|(index, _)| *index == name.index) {
                list.extend_from_slice(&[prefix, name.infix, name.suffix, b"\0"].concat());
            }
            if list.len() > LIST_MAX {
                return Err(Error::Range);
            }
            Ok(())
        });
        match listed {
            Ok(()) => Ok(list),
            // There is no larger buffer to try with.
            Err(Error::Range) => Err(Errno::TOOBIG),
            Err(e) => Err(errno(e)),
        }
    }

    pub(super) fn get_attribute(&self, inode: &Inode, name: &[u8]) -> io::Result<Vec<u8>> {
        if name.len() > xattr::NAME_LEN {
            return Err(Errno::RANGE);
        }
        match name {
            ACCESS => self.acl(inode, disk::INDEX_POSIX_ACL_ACCESS),
            DEFAULT => self.acl(inode, disk::INDEX_POSIX_ACL_DEFAULT),
            _ => self.plain(inode, name),
        }
    }

    fn plain(&self, inode: &Inode, name: &[u8]) -> io::Result<Vec<u8>> {
        let known = PREFIXES[..3]
            .iter()
            .find_map(|(index, prefix)| Some((*index, name.strip_prefix(*prefix)?)));
        let (index, name) = known.ok_or(Errno::OPNOTSUPP)?;
        let may_have = matches!(inode.kind(), Kind::Regular | Kind::Directory | Kind::Socket);
        if index == disk::INDEX_USER && !may_have {
            return Err(Errno::NODATA);
        }
        if name.is_empty() {
            return Err(Errno::INVAL);
        }
        let value = self.value(inode, index, name)?;
        if index == disk::INDEX_SECURITY && name == b"capability" {
            return capability(value);
        }
        Ok(value)
    }

    fn value(&self, inode: &Inode, index: u8, name: &[u8]) -> io::Result<Vec<u8>> {
        let mut value = vec![0; 1 << 16];
        let (device, sb) = (&self.device, &self.sb);
        let prefixes = self.prefixes.as_ref().ok_or(Errno::IO)?;
        let size =
            xattr::get(device, sb, inode, prefixes, index, name, &mut value).map_err(errno)?;
        value.truncate(size);
        Ok(value)
    }

    /// An ACL goes through the kernel's own form: ids that mean nothing are lost.
    fn acl(&self, inode: &Inode, index: u8) -> io::Result<Vec<u8>> {
        const UNDEFINED: [u8; 4] = [0xff; 4];
        if inode.kind() == Kind::Symlink {
            return Err(Errno::OPNOTSUPP);
        }
        if inode.no_acl() {
            return Err(Errno::NODATA);
        }
        let mut value = self.value(inode, index, b"")?;
        let (version, entries) = value.split_at_mut_checked(4).ok_or(Errno::INVAL)?;
        if version != [2, 0, 0, 0] {
            return Err(Errno::OPNOTSUPP);
        }
        if entries.len() % 8 != 0 {
            return Err(Errno::INVAL);
        }
        if entries.is_empty() {
            return Err(Errno::NODATA);
        }
        for entry in entries.chunks_exact_mut(8) {
            match u16::from_le_bytes([entry[0], entry[1]]) {
                // ACL_USER_OBJ, ACL_GROUP_OBJ, ACL_MASK, ACL_OTHER
                0x01 | 0x04 | 0x10 | 0x20 => entry[4..].copy_from_slice(&UNDEFINED),
                // ACL_USER, ACL_GROUP
                0x02 | 0x08 if entry[4..] != UNDEFINED => {}
                _ => return Err(Errno::INVAL),
            }
        }
        Ok(value)
    }
}

/// The security module checks file capabilities, and shows those of root in their second form.
fn capability(value: Vec<u8>) -> io::Result<Vec<u8>> {
    match (value.len(), value.get(..4)) {
        (20, Some([0 | 1, 0, 0, 2])) => Ok(value),
        (24, Some([effective @ (0 | 1), 0, 0, 3])) => match value[20..24] {
            [0, 0, 0, 0] => Ok([&[*effective, 0, 0, 2], &value[4..20]].concat()),
            [0xff, 0xff, 0xff, 0xff] => Err(Errno::OVERFLOW),
            _ => Ok(value),
        },
        _ => Err(Errno::INVAL),
    }
}
