// SPDX-License-Identifier: GPL-2.0

//! Extended attributes: one by name, or all names.

mod filter;
pub mod prefix;

use crate::{
    format::xattr::{
        ibody_size,
        IbodyHeader,
        XattrEntry,
        ENTRY_SIZE,
        IBODY_HEADER_SIZE,
        UNIT, //
    },
    pages::{
        advance,
        Cursor, //
    },
    Error,
    Inode,
    Pages,
    Result,
    SuperBlock, //
};
use core::ops::ControlFlow;
use prefix::Infix;
use zerocopy::little_endian::U32;

pub use prefix::LongPrefixes;

/// The longest name behind the prefix that an index stands for.
pub const NAME_LEN: usize = 255;

/// The name of an attribute, in the pieces the image has it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// `INDEX_*`, which stands for the first piece.
    pub index: u8,
    /// The second, which the entry took from the table of long prefixes; mostly empty.
    pub infix: &'a [u8],
    /// The third, which is the entry's own.
    pub suffix: &'a [u8],
}

/// Copies the value of an attribute into `out`, and returns its size. An empty `out` asks for the
/// size only.
///
/// `index` is one of [`format::xattr`](crate::format::xattr)'s `INDEX_*`, `name` what follows the
/// prefix that it stands for.
///
/// Fails with [`Error::NoData`] if there is no such attribute, and [`Error::Range`] if `out` is too
/// small for it.
pub fn get<P: Pages + ?Sized>(
    meta: &P,
    sb: &SuperBlock,
    inode: &Inode,
    prefixes: &LongPrefixes,
    index: u8,
    name: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let meta = &mut Cursor::new(meta);
    let header = Header::read(meta, inode)?.ok_or(Error::NoData)?;
    if sb.shared_xattr_filter() && filter::excludes(header.name_filter, index, name) {
        return Err(Error::NoData);
    }
    if name.len() > NAME_LEN {
        return Err(Error::Range);
    }

    header
        .visit(meta, sb, inode, |meta, pos, entry| {
            let mut suffix = Some(name);
            let mut base = entry.e_name_index;
            if let Some(id) = entry.long_prefix() {
                if !prefixes.may_start(id, index, name) {
                    return Ok(ControlFlow::Continue(()));
                }
                match prefixes.read(meta, sb, id, &mut Infix::new())? {
                    Some(prefix) => {
                        base = prefix.base_index;
                        suffix = name.strip_prefix(prefix.infix);
                    }
                    None => return Ok(ControlFlow::Continue(())),
                }
            }
            let suffix = match suffix {
                Some(suffix) if base == index && suffix.len() == usize::from(entry.e_name_len) => {
                    suffix
                }
                _ => return Ok(ControlFlow::Continue(())),
            };
            if !meta.equals(pos, suffix)? {
                return Ok(ControlFlow::Continue(()));
            }
            let size = usize::from(entry.e_value_size.get());
            if !out.is_empty() {
                let value = out.get_mut(..size).ok_or(Error::Range)?;
                meta.fill(advance(pos, u64::from(entry.e_name_len))?, value)?;
            }
            Ok(ControlFlow::Break(size))
        })?
        .ok_or(Error::NoData)
}

/// Like [`get`], for the attribute whose whole name is long prefix number `prefix_id`: with
/// [`SuperBlock::ishare_prefix`] that is the file's fingerprint.
pub fn get_long<P: Pages + ?Sized>(
    meta: &P,
    sb: &SuperBlock,
    inode: &Inode,
    prefixes: &LongPrefixes,
    prefix_id: u8,
    out: &mut [u8],
) -> Result<usize> {
    if inode.xattr_size() == 0 {
        return Err(Error::NoData);
    }
    let mut infix = Infix::new();
    let prefix = prefixes
        .read(&mut Cursor::new(meta), sb, prefix_id, &mut infix)?
        .ok_or(Error::NoData)?;
    // To erofs this name is a C string.
    let name = prefix
        .infix
        .split(|&byte| byte == 0)
        .next()
        .unwrap_or_default();
    get(meta, sb, inode, prefixes, prefix.base_index, name, out)
}

/// Passes the names of all attributes to `emit`, and stops at its first error.
///
/// Entries with a long prefix that the table does not have are left out.
pub fn list<P: Pages + ?Sized>(
    meta: &P,
    sb: &SuperBlock,
    inode: &Inode,
    prefixes: &LongPrefixes,
    mut emit: impl FnMut(Name<'_>) -> Result<()>,
) -> Result<()> {
    let meta = &mut Cursor::new(meta);
    let Some(header) = Header::read(meta, inode)? else {
        return Ok(());
    };
    let mut infix = Infix::new();
    let mut suffix = [0; NAME_LEN];
    header.visit(meta, sb, inode, |meta, pos, entry| {
        let mut name = Name {
            index: entry.e_name_index,
            infix: &[],
            suffix: &[],
        };
        if let Some(id) = entry.long_prefix() {
            match prefixes.read(meta, sb, id, &mut infix)? {
                Some(prefix) => {
                    name.index = prefix.base_index;
                    name.infix = prefix.infix;
                }
                None => return Ok(ControlFlow::Continue(())),
            }
        }
        let suffix = suffix
            .get_mut(..usize::from(entry.e_name_len))
            .ok_or(Error::Range)?;
        meta.fill(pos, suffix)?;
        name.suffix = suffix;
        emit(name)?;
        Ok(ControlFlow::<()>::Continue(()))
    })?;
    Ok(())
}

/// Whether an inode with `size` bytes of attributes at `pos` certainly has no POSIX ACL: the name
/// filter says so, or there are no attributes at all.
pub(crate) fn no_acl<P: Pages>(
    meta: &mut Cursor<P>,
    sb: &SuperBlock,
    pos: u64,
    size: u64,
) -> Result<bool> {
    if size == 0 {
        return Ok(true);
    }
    if !sb.shared_xattr_filter() {
        return Ok(false);
    }
    let header: IbodyHeader = meta.read(pos)?;
    let filter = header.h_name_filter.get();
    Ok(filter & filter::ACLS == filter::ACLS)
}

/// What the attributes of an inode start with, checked.
///
/// # Invariants
///
/// The numbers of the shared attributes end where the inode's own begin, at `own_pos`, and
/// `own_size` bytes from there the attribute area ends.
struct Header {
    name_filter: u32,
    shared_count: u8,
    own_pos: u64,
    own_size: u64,
}

impl Header {
    fn read<P: Pages>(meta: &mut Cursor<P>, inode: &Inode) -> Result<Option<Self>> {
        if inode.xattr_size() == 0 {
            return Ok(None);
        }
        if inode.xattr_size() == ibody_size(1) {
            return Err(Error::Unsupported("attribute area is just a header"));
        }
        let header: IbodyHeader = meta.read(inode.xattr_pos())?;
        let size = u64::from(header.h_shared_count)
            .saturating_mul(UNIT)
            .saturating_add(IBODY_HEADER_SIZE);
        // INVARIANT: checked here.
        let own_size = inode
            .xattr_size()
            .checked_sub(size)
            .ok_or(Error::Corrupt("invalid h_shared_count"))?;
        Ok(Some(Self {
            name_filter: header.h_name_filter.get(),
            shared_count: header.h_shared_count,
            own_pos: advance(inode.xattr_pos(), size)?,
            own_size,
        }))
    }

    /// Visits the entries, the inode's own first, until `visit` breaks. It is given the position
    /// of the entry's name.
    fn visit<P: Pages, B>(
        &self,
        meta: &mut Cursor<P>,
        sb: &SuperBlock,
        inode: &Inode,
        mut visit: impl FnMut(&mut Cursor<P>, u64, &XattrEntry) -> Result<ControlFlow<B>>,
    ) -> Result<Option<B>> {
        let mut pos = self.own_pos;
        let mut remaining = self.own_size;
        while remaining != 0 {
            let entry: XattrEntry = meta.read(pos)?;
            remaining = remaining
                .checked_sub(entry.size())
                .ok_or(Error::Corrupt("attribute crosses the end of its area"))?;
            if let ControlFlow::Break(value) = visit(meta, advance(pos, ENTRY_SIZE)?, &entry)? {
                return Ok(Some(value));
            }
            pos = advance(pos, entry.size())?;
        }

        let area = sb.shared_xattr_pos()?;
        let ids = advance(inode.xattr_pos(), IBODY_HEADER_SIZE)?;
        for number in 0..u64::from(self.shared_count) {
            let id: U32 = meta.read(advance(ids, number.saturating_mul(UNIT))?)?;
            let pos = advance(area, u64::from(id.get()).saturating_mul(UNIT))?;
            let entry: XattrEntry = meta.read(pos)?;
            if let ControlFlow::Break(value) = visit(meta, advance(pos, ENTRY_SIZE)?, &entry)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}
